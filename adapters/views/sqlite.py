"""The views in the SQLite file of the log: each an `Effect` of its own follower, with its checkpoint beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from eventsourcing.persistence import Tracking
from eventsourcing.sqlite import SQLiteCursor, SQLiteDatastore, SQLiteTrackingRecorder

from adapters.views.view import View
from domain.groups import UserConversationGroups
from domain.ports import Entry
from domain.snapshot import VERSION, to_snapshot
from projections.group_lists import GroupRow, Membership, UserGroupLists
from projections.history import HistoryRow, history_row


class SQLiteTables(SQLiteTrackingRecorder):
    """Tables and a checkpoint, which move in one transaction."""

    name: str
    tables: tuple[str, ...]

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)

    def checkpoint(self) -> int:
        """Give the position of the last entry in the view, 0 before the first."""
        return self.max_tracking_id(self.name) or 0

    @contextmanager
    def moving(self, entries: Sequence[Entry]) -> Iterator[SQLiteCursor]:
        """Give a cursor in a transaction, with which the checkpoint moves behind these entries."""
        with self.datastore.transaction(commit=True) as c:
            yield c
            self._insert_tracking(c, Tracking(self.name, entries[-1].position))

    def clear(self) -> None:
        """Empty the view, to be built anew from the log. Reads stay right meanwhile: they apply what is newer."""
        with self.datastore.transaction(commit=True) as c:
            for table in self.tables:
                c.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            c.execute("DELETE FROM tracking WHERE application_name = ?", (self.name,))


class SQLiteGroupLists(SQLiteTables, View[SQLiteCursor]):
    """The view `group-lists`; implements `projections.group_lists.GroupListsTable`."""

    name = "group-lists"
    tables = ("group_lists_users", "group_lists_groups", "group_lists_memberships")

    def load(self, stream: UUID) -> UserGroupLists:
        """Load one user's part whole."""
        with self.datastore.transaction(commit=False) as c:
            lists = _load_groups(c, stream)
            c.execute(
                "SELECT group_id, conversation_id, revision, place, added_at "
                "FROM group_lists_memberships WHERE stream = ?",
                (stream.hex,),
            )
            for group_id, conversation_id, revision, place, added_at in c.fetchall():
                joined = Membership(revision, place, datetime.fromisoformat(added_at))
                lists.memberships[group_id, conversation_id] = joined
        return lists

    def write(self, c: SQLiteCursor, entries: Sequence[Entry]) -> None:
        """Apply the entries to the users they belong to, and write each changed row once."""
        users: dict[UUID, tuple[int, str]] = {}
        lists: dict[UUID, UserGroupLists] = {}
        for entry in entries:
            stream = entry.event.originator_id
            if stream not in lists:
                users[stream] = (entry.event.sdk_app_id, entry.event.user_id)
                lists[stream] = _load_groups(c, stream)
            lists[stream].apply(entry.event)
        for stream, user_lists in lists.items():
            c.execute(
                "INSERT OR REPLACE INTO group_lists_users VALUES (?, ?, ?, ?)",
                (stream.hex, *users[stream], user_lists.revision),
            )
            _write_groups(c, stream, user_lists)
            _write_memberships(c, stream, user_lists)


class SQLiteHistory(SQLiteTables, View[SQLiteCursor]):
    """The view `history`; implements `projections.history.HistoryTable`."""

    name = "history"
    tables = ("history",)

    def page(self, stream: UUID, after: int, limit: int) -> list[HistoryRow]:
        """Give at most `limit` rows of one user that follow the revision `after`."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(
                "SELECT revision, position, type, event FROM history "
                "WHERE stream = ? AND revision > ? ORDER BY revision LIMIT ?",
                (stream.hex, after, limit),
            )
            return [HistoryRow(*row) for row in c.fetchall()]

    def write(self, c: SQLiteCursor, entries: Sequence[Entry]) -> None:
        """Add a row for each entry."""
        for entry in entries:
            row, event = history_row(entry), entry.event
            c.execute(
                "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.originator_id.hex,
                    row.revision,
                    row.position,
                    row.type,
                    event.recorded_at.isoformat(),
                    event.actor,
                    event.device,
                    row.value,
                ),
            )


class SQLiteSnapshots(SQLiteTables):
    """Where snapshots are kept; implements `projections.snapshots.SnapshotTable`."""

    name = "snapshots"
    tables = ("snapshots",)

    def keep(self, states: Sequence[tuple[UUID, UserConversationGroups]], entries: Sequence[Entry]) -> None:
        """Keep these states, and move the checkpoint behind `entries`, at once."""
        with self.moving(entries) as c:
            for stream, state in states:
                c.execute(
                    "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
                    (stream.hex, state.revision, VERSION, to_snapshot(state)),
                )


def _load_groups(c: SQLiteCursor, stream: UUID) -> UserGroupLists:
    c.execute("SELECT revision FROM group_lists_users WHERE stream = ?", (stream.hex,))
    user = c.fetchone()
    lists = UserGroupLists(revision=user["revision"] if user else 0)
    c.execute(
        "SELECT group_id, name, place, conversation_count, created_at, updated_at "
        "FROM group_lists_groups WHERE stream = ?",
        (stream.hex,),
    )
    for group_id, name, place, count, created_at, updated_at in c.fetchall():
        created, updated = datetime.fromisoformat(created_at), datetime.fromisoformat(updated_at)
        lists.groups[group_id] = GroupRow(name, place, count, created, updated)
    return lists


def _write_groups(c: SQLiteCursor, stream: UUID, lists: UserGroupLists) -> None:
    for group_id in lists.changes.groups_deleted:
        c.execute("DELETE FROM group_lists_groups WHERE stream = ? AND group_id = ?", (stream.hex, group_id))
    for group_id in lists.changes.groups_made | lists.changes.groups_changed:
        row = lists.groups[group_id]
        created, updated = row.created_at.isoformat(), row.updated_at.isoformat()
        c.execute(
            "INSERT OR REPLACE INTO group_lists_groups VALUES (?, ?, ?, ?, ?, ?, ?)",
            (stream.hex, group_id, row.name, row.place, row.conversation_count, created, updated),
        )


def _write_memberships(c: SQLiteCursor, stream: UUID, lists: UserGroupLists) -> None:
    for group_id, conversation_id in lists.changes.left:
        c.execute(
            "DELETE FROM group_lists_memberships WHERE stream = ? AND group_id = ? AND conversation_id = ?",
            (stream.hex, group_id, conversation_id),
        )
    for (group_id, conversation_id), joined in lists.memberships.items():
        c.execute(
            "INSERT INTO group_lists_memberships VALUES (?, ?, ?, ?, ?, ?)",
            (stream.hex, group_id, conversation_id, joined.added_at.isoformat(), joined.revision, joined.place),
        )
