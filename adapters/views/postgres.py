"""The views in the database of the log: each an `Effect` of its own follower, with its checkpoint beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, ClassVar, Final, LiteralString
from uuid import UUID

from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Identifier

from adapters.store.arrays import BigInts, Bytes, Texts, UUIDs
from adapters.store.datastore import Cursor, Datastore
from adapters.store.leases import Lease
from adapters.views.view import View
from domain.groups import UserConversationGroups
from domain.ports import Entry, Unavailable
from domain.snapshot import VERSION, to_snapshot
from projections.group_lists import GroupRow, Membership, UserGroupLists
from projections.history import HistoryRow, history_row

LOAD = """
SELECT 'user', NULL::bigint, NULL, revision, NULL::integer, NULL::timestamptz, NULL::timestamptz
FROM group_lists_users WHERE stream = %(stream)s
UNION ALL SELECT 'group', group_id, name, place, conversation_count, created_at, updated_at
FROM group_lists_groups WHERE stream = %(stream)s
UNION ALL SELECT 'membership', group_id, conversation_id, revision, place, added_at, NULL
FROM group_lists_memberships WHERE stream = %(stream)s
"""

SHORT_WAIT = "SET LOCAL lock_timeout = '200ms'"
"""While a table waits to be emptied, all that would read it wait behind: rather it is tried again."""

LONGEST_CLEAR = 30.0
"""Seconds for which it is tried again."""

COLUMNS: Final[dict[str, type[list[Any]]]] = {"uuid": UUIDs, "int8": BigInts, "text": Texts, "bytea": Bytes}

IN_MEMORY = 1000
"""So many rows the server takes from arrays without writing them to a file first."""


class PostgresTables:
    """Tables and a checkpoint, which move in one transaction, while the lease is held."""

    name: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]

    def __init__(self, datastore: Datastore, lease: Lease) -> None:
        self.datastore = datastore
        self.lease = lease

    def checkpoint(self) -> int:
        """Give the position of the last entry in the view, 0 before the first."""
        return self.lease.position()

    @contextmanager
    def moving(self, entries: Sequence[Entry]) -> Iterator[Cursor]:
        """Give a cursor in a transaction, with which the checkpoint moves behind these entries."""
        with self.datastore.writing() as c:
            self.lease.move(c, entries)
            yield c

    def clear(self) -> None:
        """Empty the view, to be built anew from the log. Reads stay right meanwhile: they apply what is newer."""
        given_up = monotonic() + LONGEST_CLEAR
        while True:
            try:
                with self.datastore.writing() as c:
                    c.execute(SHORT_WAIT)
                    self.lease.put_back(c)  # first: whoever moves the position has that row, and writes then
                    c.execute(f"TRUNCATE {', '.join(self.tables)}".encode())
                    return
            except Unavailable as held:
                if not isinstance(held.__cause__, LockNotAvailable) or monotonic() > given_up:
                    raise
            sleep(0.1)


class PostgresGroupLists(PostgresTables, View[Cursor]):
    """The view `group-lists`; implements `projections.group_lists.GroupListsTable`."""

    name = "group-lists"
    tables = ("group_lists_users", "group_lists_groups", "group_lists_memberships")

    def load(self, stream: UUID) -> UserGroupLists:
        """Load one user's part whole: in one query, so as of one moment."""
        lists = UserGroupLists()
        with self.datastore.statement() as c:
            for kind, group_id, text, number, count, at, updated_at in c.execute(LOAD, {"stream": stream}):
                match kind:
                    case "user":
                        lists.revision = number
                    case "group":
                        lists.groups[group_id] = GroupRow(text, number, count, at, updated_at)
                    case _:
                        lists.memberships[group_id, text] = Membership(number, count, at)
        return lists

    def write(self, c: Cursor, entries: Sequence[Entry]) -> None:
        """Apply the entries to the users they belong to, and write each changed row once."""
        users = {entry.event.originator_id: entry.event for entry in entries}
        lists = _load_groups(c, list(users))
        new = users.keys() - lists.keys()
        lists |= {stream: UserGroupLists() for stream in new}
        for entry in entries:
            lists[entry.event.originator_id].apply(entry.event)
        moved = [(stream, lists[stream].revision) for stream in users if stream not in new]
        _each(
            c,
            "UPDATE group_lists_users AS u SET revision = now.revision "
            "FROM unnest(%b::uuid[], %b::bigint[]) AS now (stream, revision) WHERE u.stream = now.stream",
            moved,
        )
        made = [(stream, users[stream].sdk_app_id, users[stream].user_id, lists[stream].revision) for stream in new]
        _insert(c, "group_lists_users", ("uuid", "int8", "text", "int8"), made)
        _write_groups(c, lists)
        _write_memberships(c, lists)


class PostgresHistory(PostgresTables, View[Cursor]):
    """The view `history`; implements `projections.history.HistoryTable`."""

    name = "history"
    tables = ("history",)

    def page(self, stream: UUID, after: int, limit: int) -> list[HistoryRow]:
        """Give at most `limit` rows of one user that follow the revision `after`."""
        with self.datastore.statement() as c:
            rows = c.execute(
                "SELECT revision, position, type, event FROM history "
                "WHERE stream = %s AND revision > %s ORDER BY revision LIMIT %s",
                (stream, after, limit),
            )
            return [HistoryRow(*row) for row in rows]

    def write(self, c: Cursor, entries: Sequence[Entry]) -> None:
        """Add a row for each entry."""
        types = ("uuid", "int8", "int8", "text", "timestamptz", "text", "text", "bytea")
        _insert(c, "history", types, [_history_columns(entry) for entry in entries])


class PostgresSnapshots(PostgresTables):
    """Where snapshots are kept; implements `projections.snapshots.SnapshotTable`."""

    name = "snapshots"
    tables = ("snapshots",)

    def keep(self, states: Sequence[tuple[UUID, UserConversationGroups]], entries: Sequence[Entry]) -> None:
        """Keep these states, and move the checkpoint behind `entries`, at once."""
        with self.moving(entries) as c:
            for stream, state in states:
                c.execute(
                    "INSERT INTO snapshots VALUES (%s, %s, %s, %s) ON CONFLICT (stream) DO UPDATE "
                    "SET revision = excluded.revision, version = excluded.version, state = excluded.state",
                    (stream, state.revision, VERSION, to_snapshot(state)),
                )


def _history_columns(entry: Entry) -> tuple[object, ...]:
    row, event = history_row(entry), entry.event
    at, who, device = event.recorded_at, event.actor, event.device
    return event.originator_id, row.revision, row.position, row.type, at, who, device, row.value


def _load_groups(c: Cursor, streams: list[UUID]) -> dict[UUID, UserGroupLists]:
    c.execute("SELECT stream, revision FROM group_lists_users WHERE stream = ANY(%s)", (streams,))
    lists = {stream: UserGroupLists(revision=revision) for stream, revision in c}
    c.execute(
        "SELECT stream, group_id, name, place, conversation_count, created_at, updated_at "
        "FROM group_lists_groups WHERE stream = ANY(%s)",
        (list(lists),),
    )
    for stream, group_id, *row in c:
        lists[stream].groups[group_id] = GroupRow(*row)
    return lists


def _write_groups(c: Cursor, lists: dict[UUID, UserGroupLists]) -> None:
    gone = [(stream, group_id) for stream, one in lists.items() for group_id in one.changes.groups_deleted]
    _each(
        c,
        "DELETE FROM group_lists_groups AS g USING unnest(%b::uuid[], %b::bigint[]) AS gone (stream, group_id) "
        "WHERE g.stream = gone.stream AND g.group_id = gone.group_id",
        gone,
    )
    changed = [
        (stream, group_id, row.name, row.place, row.conversation_count, row.updated_at)
        for stream, one in lists.items()
        for group_id in one.changes.groups_changed - one.changes.groups_made
        for row in (one.groups[group_id],)
    ]
    _each(
        c,
        "UPDATE group_lists_groups AS g SET name = now.name, place = now.place, "
        "conversation_count = now.conversation_count, updated_at = now.updated_at "
        "FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bigint[], %b::integer[], %b::timestamptz[]) "
        "AS now (stream, group_id, name, place, conversation_count, updated_at) "
        "WHERE g.stream = now.stream AND g.group_id = now.group_id",
        changed,
    )
    made = [
        (stream, group_id, *one.groups[group_id])
        for stream, one in lists.items()
        for group_id in one.changes.groups_made
    ]
    types = ("uuid", "int8", "text", "int8", "int4", "timestamptz", "timestamptz")
    _insert(c, "group_lists_groups", types, made)


def _write_memberships(c: Cursor, lists: dict[UUID, UserGroupLists]) -> None:
    gone = [(stream, *key) for stream, one in lists.items() for key in one.changes.left]
    _each(
        c,
        "DELETE FROM group_lists_memberships AS m "
        "USING unnest(%b::uuid[], %b::bigint[], %b::text[]) AS gone (stream, group_id, conversation_id) WHERE "
        "m.stream = gone.stream AND m.group_id = gone.group_id AND m.conversation_id = gone.conversation_id",
        gone,
    )
    joined = [
        (stream, *key, membership.added_at, membership.revision, membership.place)
        for stream, one in lists.items()
        for key, membership in one.memberships.items()
    ]
    _insert(c, "group_lists_memberships", ("uuid", "int8", "text", "timestamptz", "int8", "int4"), joined)


def _each(c: Cursor, statement: LiteralString, rows: Sequence[tuple[object, ...]]) -> None:
    """Do this for each row, by its columns as arrays."""
    if rows:
        c.execute(statement, [list(column) for column in zip(*rows, strict=True)])


def _insert(
    c: Cursor, table: LiteralString, types: Sequence[LiteralString], rows: Sequence[tuple[object, ...]]
) -> None:
    """Insert rows, each with every column of the table.

    Not with COPY: a process that is held up in the middle of one keeps the row of its follower from all others, as the
    server waits for the rest without an end.
    """
    arrays = SQL(", ").join(SQL("%b::{}[]").format(SQL(column)) for column in types)
    statement = SQL("INSERT INTO {} SELECT * FROM unnest({})").format(Identifier(table), arrays)
    for first in range(0, len(rows), IN_MEMORY):
        columns = zip(*rows[first : first + IN_MEMORY], strict=True)
        c.execute(statement, [_column(kind, values) for kind, values in zip(types, columns, strict=True)])


def _column(kind: str, values: Sequence[Any]) -> list[Any]:
    """Give a column as what the driver need not look through, where it can be."""
    return list(values) if None in values else COLUMNS.get(kind, list)(values)
