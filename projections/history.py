"""Who changed a user's groups, when, and how."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.ports import Entry, EventLog


class HistoryRow(NamedTuple):
    """One event as the history tells it."""

    revision: int
    position: int
    type: str
    value: bytes
    """The event's JSON as it was recorded."""


class HistoryTable(Protocol):
    """Where the view is kept."""

    def page(self, stream: UUID, after: int, limit: int) -> Sequence[HistoryRow]:
        """Give at most `limit` rows of one user that follow the revision `after`; raises `Unavailable`."""
        ...


def history_row(entry: Entry) -> HistoryRow:
    """Tell one entry of the log."""
    return HistoryRow(entry.event.revision, entry.position, entry.event.TOPIC, entry.value)


def current_history(log: EventLog, table: HistoryTable, stream: UUID, after: int, limit: int) -> list[HistoryRow]:
    """Give a page of the history with everything recorded so far, however far the view has come."""
    rows = list(table.page(stream, after, limit))
    last = rows[-1].revision if rows else after
    if len(rows) < limit:
        rows += map(history_row, log.read_user(stream, after=last, limit=limit - len(rows)))
    return rows
