"""What one connection is still to be told."""

from asyncio import Event
from collections import deque
from typing import Final

MOST_WAITING: Final = 1_000_000
"""Bytes that may wait for a reader; one frame may always."""


class Listener:
    """The frames that wait for one reader: bounded, so that a slow one takes no memory, and holds up nobody."""

    def __init__(self) -> None:
        self.seen = 0
        """The revision that the reader has; frames up to it are passed over."""

        self._frames: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self.over = False
        """Whether nothing more is to be told."""

        self._woken = Event()

    def put(self, revision: int, frame: bytes) -> None:
        """Add a frame; where too much waits already, it is over: the reader comes back, and is told what it missed."""
        if self._frames and self._size + len(frame) > MOST_WAITING:
            self._frames.clear()
            self.end()
        if not self.over:
            self._frames.append((revision, frame))
            self._size += len(frame)
            self._woken.set()

    def end(self) -> None:
        """Let it be over, when what waits is told."""
        self.over = True
        self._woken.set()

    async def next(self) -> bytes | None:
        """Wait for the next frame; None when it is over."""
        while True:
            while self._frames:
                revision, frame = self._frames.popleft()
                self._size -= len(frame)
                if revision > self.seen:
                    self.seen = revision
                    return frame
            if self.over:
                return None
            self._woken.clear()
            await self._woken.wait()
