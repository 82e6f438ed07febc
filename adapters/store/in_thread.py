"""A recorder that blocks, for an event loop: what is decided is decided there, and a thread waits for the disk."""

from asyncio import get_running_loop, to_thread
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

from domain.ports import History, Recorder, Stale, Write
from domain.stored import Stored

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class InThread:
    """Implements `domain.ports.AsyncRecorder`, one call after the other."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def __aenter__(self) -> Self:
        """Begin."""
        self._thread = ThreadPoolExecutor(1, "recorder")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, when what was begun is done."""
        await to_thread(self._thread.shutdown)

    async def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds."""
        return await self._called(self._recorder.record, write)

    async def newer(self, known: Mapping[UUID, int]) -> Sequence[Stored]:
        """Read the events of these users that follow the revisions."""
        return await self._called(self._recorder.newer, known)

    async def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users."""
        return await self._called(self._recorder.history, streams)

    async def _called(self, method: Callable[[Asked], Answer], asked: Asked) -> Answer:
        return await get_running_loop().run_in_executor(self._thread, method, asked)
