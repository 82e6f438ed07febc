"""Views in the database of the log: each an `Effect` of its own follower, with its checkpoint beside it."""

from collections.abc import Sequence
from uuid import UUID

from adapters.store.arrays import BigInts, Bytes, Texts, Times, UUIDs
from adapters.store.datastore import Cursor
from adapters.store.rows import for_each
from adapters.views.postgres_tables import PostgresTables
from adapters.views.view import View
from domain.groups import UserConversationGroups
from domain.ports import Entry
from domain.snapshot import VERSION, to_snapshot
from projections.history import HistoryRow, history_row


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
            ).fetchall()
        return [HistoryRow(*row) for row in rows]

    def write(self, c: Cursor, entries: Sequence[Entry]) -> None:
        """Add a row for each entry."""
        columns = (UUIDs, BigInts, BigInts, Texts, Times, Texts, Texts, Bytes)
        statement = "INSERT INTO history SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b)"
        for_each(c, statement, columns, [_history_columns(entry) for entry in entries])


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
