"""Lets code that awaits a recorder run to its end without an event loop, where the recorder answers at once."""

from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from domain.ports import History, Recorder, Stale, Write
from domain.stored import Stored

T = TypeVar("T")


class AtOnce:
    """A recorder that blocks, to be awaited: implements `domain.ports.AsyncRecorder`."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds."""
        return self._recorder.record(write)

    async def newer(self, known: Mapping[UUID, int]) -> Sequence[Stored]:
        """Read the events of these users that follow the revisions."""
        return self._recorder.newer(known)

    async def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users."""
        return self._recorder.history(streams)


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Give what the coroutine comes to. Where it would let others go first, there are none: it goes on."""
    while True:
        try:
            waits_for = coroutine.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if waits_for is not None:
            raise RuntimeError(f"there is no event loop to wait for {waits_for!r}")
