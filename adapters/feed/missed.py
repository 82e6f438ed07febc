"""What a reader who comes does not have yet: what it missed, or everything."""

from collections.abc import Callable, Iterator
from typing import Protocol
from uuid import UUID

from adapters.feed.frames import read_cursor
from adapters.feed.listener import MOST_WAITING
from domain.groups import UserConversationGroups
from domain.ports import EventLog
from projections.notifications import Frame, Telling, snapshot, whole_commands

PAGE = 1000
"""Events that are read at once: far more than one command records."""


class Groups(Protocol):
    """What the feed needs of the service. Both methods raise `Unavailable`, and `CannotGoOn` as the log does."""

    def state_of(self, stream: UUID) -> UserConversationGroups:
        """Give one user's groups as they are now."""
        ...

    def state_at(self, stream: UUID, revision: int, most: int) -> UserConversationGroups | None:
        """Give one user's groups as they were at a revision; None where that takes more than so many events."""
        ...


class Missed:
    """Tells one reader what it does not have: what happened since its cursor, else everything as it is now.

    At most `depth` revisions are told one by one, and as many read to begin with. It reads the log: make it, and call
    it, in a thread.
    """

    def __init__(
        self, log: EventLog, log_id: UUID, groups: Groups, stream: UUID, cursor: str | None, depth: int
    ) -> None:
        self.now = groups.state_of(stream)
        """The groups when the reader came."""

        self._log, self._stream = log, stream
        seen = None if cursor is None else read_cursor(cursor, log_id)
        before = None
        if seen == self.now.revision:
            before = self.now
        elif seen is not None and 0 < self.now.revision - seen <= depth:
            before = groups.state_at(stream, seen, most=depth)
        self._knows = before is not None
        self._telling = Telling(before or self.now)

    @property
    def revision(self) -> int:
        """Tell how far the reader has been told."""
        return self._telling.state.revision

    def page(self, encode: Callable[[Frame], bytes]) -> list[bytes]:
        """Give the next frames as they are sent, none when all is told; what came meanwhile may be among them."""
        if self._knows and self.revision >= self.now.revision:
            return []
        frames: list[bytes] = []
        size = 0
        for frame in self.read():
            frames.append(encode(frame))
            size += len(frames[-1])
            if size > MOST_WAITING:
                break  # for one reader no more is held at once
        return frames

    def read(self) -> Iterator[Frame]:
        """Read on, also beyond what was there when the reader came; nothing where nothing more is recorded yet."""
        if not self._knows:
            self._knows = True
            yield snapshot(self.now)
            return
        entries = whole_commands(self._log.read_user(self._stream, self.revision, PAGE), PAGE)
        yield from self._telling.tell(entry.event for entry in entries)
