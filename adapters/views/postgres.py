"""The views in the database of the log: each an `Effect` of its own follower, with its checkpoint beside it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import ClassVar
from uuid import UUID

from psycopg.errors import LockNotAvailable

from adapters.store.datastore import Cursor, Datastore
from adapters.store.leases import Lease
from adapters.store.rows import for_each
from adapters.views.view import View
from domain.groups import UserConversationGroups
from domain.ports import Entry, Unavailable
from domain.snapshot import VERSION, to_snapshot
from projections.history import HistoryRow, history_row

SHORT_WAIT = "SET LOCAL lock_timeout = '200ms'"
"""While a table waits to be emptied, all that would read it wait behind: rather it is tried again."""

LONGEST_CLEAR = 30.0
"""Seconds for which it is tried again."""


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
        for_each(
            c, "INSERT INTO history SELECT * FROM unnest({})", types, [_history_columns(entry) for entry in entries]
        )


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
