"""The groups of the users who were last here: their next command loads nothing from the log."""

from collections.abc import Iterable
from threading import Lock
from uuid import UUID

from domain.groups import UserConversationGroups


class States:
    """Keeps states up to a size in all, counted in users, groups and conversations; the longest unused leave first.

    What is here was recorded, and may be behind the log where another process wrote: who uses it asks the log.
    """

    def __init__(self, size: int) -> None:
        self._room = size
        self._lock = Lock()
        self._states: dict[UUID, UserConversationGroups] = {}

    def get(self, streams: Iterable[UUID]) -> dict[UUID, UserConversationGroups]:
        """Give the states of those of `streams` that are here."""
        with self._lock:
            return {stream: state for stream in streams if (state := self._states.get(stream)) is not None}

    def put(self, states: Iterable[tuple[UUID, UserConversationGroups]]) -> None:
        """Keep these, in the place of what was there."""
        with self._lock:
            for stream, state in states:
                before = self._states.pop(stream, None)
                self._states[stream] = state
                self._room -= _size(state) if before is None else _size(state) - _size(before)
            while self._room < 0 and self._states:
                self._room += _size(self._states.pop(next(iter(self._states))))


def _size(state: UserConversationGroups) -> int:
    return 1 + len(state.groups) + len(state.groups_of)
