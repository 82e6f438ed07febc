"""Which state each user's groups were in, every so many revisions: the service begins there, not at the first event."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from domain.groups import UserConversationGroups
from domain.ports import Entry

EVERY: Final = 50
"""A snapshot is taken when a user passes a multiple of this: about as many events are read at most behind one."""


class SnapshotTable(Protocol):
    """Where the snapshots are kept, and the follower's checkpoint with them."""

    def checkpoint(self) -> int:
        """Give the position up to which users were looked at, 0 before the first."""
        ...

    def keep(self, states: Sequence[tuple[UUID, UserConversationGroups]], entries: Sequence[Entry]) -> None:
        """Keep these states, in the place of older ones, and move the checkpoint behind `entries`, at once."""
        ...

    def clear(self) -> None:
        """Drop all snapshots; the service reads events instead, until they are there again."""
        ...


class Snapshots:
    """An `Effect`: keeps a snapshot of each user whose revision passed a multiple of `EVERY`."""

    name = "snapshots"

    def __init__(
        self,
        table: SnapshotTable,
        states_of: Callable[[Collection[UUID]], Mapping[UUID, UserConversationGroups]],
    ) -> None:
        self._table = table
        self._states_of = states_of

    def checkpoint(self) -> int:
        """Give the position up to which users were looked at."""
        return self._table.checkpoint()

    def apply(self, entries: Sequence[Entry]) -> None:
        """Look at these entries, oldest first."""
        due = dict.fromkeys(e.event.originator_id for e in entries if e.event.revision % EVERY == 0)
        self._table.keep(list(self._states_of(due).items()) if due else [], entries)

    def clear(self) -> None:
        """Drop all snapshots."""
        self._table.clear()
