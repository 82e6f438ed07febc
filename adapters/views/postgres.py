"""The views in the database of the log: each an `Effect` of its own follower, with its checkpoint beside it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar
from uuid import UUID

from adapters.store.leases import Lease
from adapters.store.postgres import Cursor, Datastore
from domain.groups import UserConversationGroups
from domain.ports import Entry
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
            c.execute("SET LOCAL synchronous_commit = off")  # what is lost is built again from the checkpoint on
            self.lease.move(c, entries)
            yield c

    def clear(self) -> None:
        """Empty the view, to be built anew from the log. Reads stay right meanwhile: they apply what is newer."""
        with self.datastore.writing() as c:
            c.execute(f"TRUNCATE {', '.join(self.tables)}".encode())
            c.execute("UPDATE followers SET position = 0 WHERE name = %s", (self.name,))


class PostgresView(PostgresTables, ABC):
    """A view: an `Effect` of its own follower."""

    def apply(self, entries: Sequence[Entry]) -> None:
        """Take in entries and move the checkpoint, at once."""
        with self.moving(entries) as c:
            self.write(c, entries)

    @abstractmethod
    def write(self, c: Cursor, entries: Sequence[Entry]) -> None:
        """Write what the entries change."""


class PostgresGroupLists(PostgresView):
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
        for entry in entries:
            stream = entry.event.originator_id
            if stream not in lists:
                lists[stream] = UserGroupLists()
            lists[stream].apply(entry.event)
        c.execute(
            "INSERT INTO group_lists_users SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bigint[]) "
            "ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision",
            (
                list(lists),
                [users[stream].sdk_app_id for stream in lists],
                [users[stream].user_id for stream in lists],
                [one.revision for one in lists.values()],
            ),
        )
        _write_groups(c, lists)
        _write_memberships(c, lists)


class PostgresHistory(PostgresView):
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
        with c.copy("COPY history FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["uuid", "int8", "int8", "text", "timestamptz", "text", "text", "bytea"])
            for entry in entries:
                row, event = history_row(entry), entry.event
                at, who, device = event.recorded_at, event.actor, event.device
                copy.write_row((event.originator_id, row.revision, row.position, row.type, at, who, device, row.value))


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
    rows = [(stream, key, row) for stream, one in lists.items() for key, row in one.groups.items()]
    gone = [(stream, key) for stream, key, row in rows if row is None]
    if gone:
        c.execute(
            "DELETE FROM group_lists_groups AS g USING unnest(%b::uuid[], %b::bigint[]) AS gone (stream, group_id) "
            "WHERE g.stream = gone.stream AND g.group_id = gone.group_id",
            _columns(gone),
        )
    there = [(stream, key, *row) for stream, key, row in rows if row is not None]
    if there:
        c.execute(
            "INSERT INTO group_lists_groups SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bigint[], "
            "%b::integer[], %b::timestamptz[], %b::timestamptz[]) ON CONFLICT (stream, group_id) DO UPDATE SET "
            "name = excluded.name, place = excluded.place, conversation_count = excluded.conversation_count, "
            "updated_at = excluded.updated_at",
            _columns(there),
        )


def _write_memberships(c: Cursor, lists: dict[UUID, UserGroupLists]) -> None:
    rows = [(stream, *key, joined) for stream, one in lists.items() for key, joined in one.memberships.items()]
    gone = [row[:3] for row in rows if row[3] is None]
    if gone:
        c.execute(
            "DELETE FROM group_lists_memberships AS m "
            "USING unnest(%b::uuid[], %b::bigint[], %b::text[]) AS gone (stream, group_id, conversation_id) WHERE "
            "m.stream = gone.stream AND m.group_id = gone.group_id AND m.conversation_id = gone.conversation_id",
            _columns(gone),
        )
    there = [(*row[:3], row[3].added_at, row[3].revision, row[3].place) for row in rows if row[3] is not None]
    if there:
        c.execute(
            "INSERT INTO group_lists_memberships SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], "
            "%b::timestamptz[], %b::bigint[], %b::integer[]) ON CONFLICT (stream, group_id, conversation_id) DO UPDATE "
            "SET added_at = excluded.added_at, revision = excluded.revision, place = excluded.place",
            _columns(there),
        )


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
