"""The views in memory, beside a log in memory: each an `Effect` of its own follower, with its checkpoint beside it."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from threading import Lock
from uuid import UUID

from domain.groups import UserConversationGroups
from domain.ports import Entry
from domain.snapshot import to_snapshot
from projections.group_lists import UserGroupLists
from projections.history import HistoryRow, history_row


class MemoryView(ABC):
    """A view and its checkpoint, which move under one lock."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._checkpoint = 0

    def checkpoint(self) -> int:
        """Give the position of the last entry in the view, 0 before the first."""
        return self._checkpoint

    def apply(self, entries: Sequence[Entry]) -> None:
        """Take in entries and move the checkpoint, at once."""
        with self.lock:
            if entries[0].position <= self._checkpoint:
                raise ValueError(f"position {entries[0].position} is in the view, which stands at {self._checkpoint}")
            self.write(entries)
            self._checkpoint = entries[-1].position

    def clear(self) -> None:
        """Empty the view, to be built anew from the log. Reads stay right meanwhile: they apply what is newer."""
        with self.lock:
            self.forget()
            self._checkpoint = 0

    @abstractmethod
    def write(self, entries: Sequence[Entry]) -> None:
        """Write what the entries change, all of it or nothing."""

    @abstractmethod
    def forget(self) -> None:
        """Drop everything that was written."""


class MemorySnapshots:
    """Where snapshots are kept, beside a log in memory; implements `projections.snapshots.SnapshotTable`."""

    def __init__(self, taken: dict[UUID, bytes]) -> None:
        self._taken = taken
        self._checkpoint = 0

    def checkpoint(self) -> int:
        """Give the position up to which users were looked at."""
        return self._checkpoint

    def keep(self, states: Sequence[tuple[UUID, UserConversationGroups]], entries: Sequence[Entry]) -> None:
        """Keep these states, and move the checkpoint behind `entries`."""
        self._taken.update((stream, to_snapshot(state)) for stream, state in states)
        self._checkpoint = entries[-1].position

    def clear(self) -> None:
        """Drop all snapshots."""
        self._taken.clear()
        self._checkpoint = 0


class MemoryGroupLists(MemoryView):
    """The view `group-lists`; implements `projections.group_lists.GroupListsTable`."""

    def __init__(self) -> None:
        super().__init__()
        self._users: dict[UUID, UserGroupLists] = {}

    def load(self, stream: UUID) -> UserGroupLists:
        """Load one user's part whole."""
        with self.lock:
            return self._copy(stream)

    def write(self, entries: Sequence[Entry]) -> None:
        """Apply the entries to copies of what the users have, and put the copies in their place."""
        changed: dict[UUID, UserGroupLists] = {}
        for entry in entries:
            stream = entry.event.originator_id
            if stream not in changed:
                changed[stream] = self._copy(stream)
            changed[stream].apply(entry.event)
        self._users.update(changed)

    def forget(self) -> None:
        """Drop all users' groups."""
        self._users.clear()

    def _copy(self, stream: UUID) -> UserGroupLists:
        return deepcopy(self._users.get(stream, UserGroupLists()))


class MemoryHistory(MemoryView):
    """The view `history`; implements `projections.history.HistoryTable`."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: defaultdict[UUID, list[HistoryRow]] = defaultdict(list)

    def page(self, stream: UUID, after: int, limit: int) -> list[HistoryRow]:
        """Give at most `limit` rows of one user that follow the revision `after`."""
        with self.lock:
            return [row for row in self._rows[stream] if row.revision > after][:limit]

    def write(self, entries: Sequence[Entry]) -> None:
        """Add a row for each entry."""
        for entry in entries:
            self._rows[entry.event.originator_id].append(history_row(entry))

    def forget(self) -> None:
        """Drop all rows."""
        self._rows.clear()
