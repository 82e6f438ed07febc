"""The writer: commands that arrive while a commit is under way share the next one."""

from asyncio import Event, Future, gather, get_running_loop, sleep
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from time import monotonic
from types import TracebackType
from typing import NamedTuple, Self
from uuid import UUID

from domain.ports import Unavailable
from domain.submission import Reply, Submission

MOST = 500
"""How many commands share one commit."""

ROOM = 5000
"""How many commands may wait; one more is refused."""

LARGEST_COMMIT, LARGEST_QUEUE = 4_000_000, 64_000_000
"""Bytes of the commands, as they were sent, that share one commit, and that may wait."""

LONGEST_WAIT = 10.0
"""Seconds after which a command that has not begun is refused; nothing of it is done then."""


Handle = Callable[[Sequence[Submission]], Awaitable[list[Reply]]]
"""Carries out commands in one durable commit."""

Lanes = Callable[[], AbstractAsyncContextManager[Sequence[Handle]]]
"""Gives, on one event loop, what carries out commands: one for each commit that may be under way at once."""


class Overloaded(Unavailable):
    """More commands come in than can be carried out."""


class _Waiting(NamedTuple):
    submission: Submission
    since: float
    size: int
    reply: "Future[Reply]"


class Writer:
    """Carries out the commands of many callers on one event loop. Those of one user keep their order."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._busy: set[UUID] = set()
        """The users in the commits that are under way: their next commands wait for what those do."""

        self._under_way = 0
        """How many commands are in those commits."""

        self._stack = AsyncExitStack()
        self._asked = Event()
        self._closing = False

    async def __aenter__(self) -> Self:
        """Begin to work."""
        self._loop = get_running_loop()
        lanes = await self._stack.enter_async_context(self._lanes())
        self._tasks = [self._loop.create_task(self._work(handle)) for handle in lanes]
        self._sweep()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Carry out what waits, and end."""
        self._closing = True
        self._asked.set()
        try:
            await gather(*self._tasks)
        finally:
            self._timer.cancel()
            await self._stack.aclose()

    async def carry_out(self, submission: Submission, size: int = 0) -> Reply:
        """Carry out a command of so many bytes, and return when what it did is durable; raises `Unavailable`."""
        if self._closing:
            raise Unavailable("The service is about to end")
        if len(self._waiting) >= ROOM or self._waiting_bytes + size > LARGEST_QUEUE:
            raise Overloaded(f"{len(self._waiting)} commands wait already, and no more can")
        reply: Future[Reply] = self._loop.create_future()
        self._waiting.append(_Waiting(submission, monotonic(), size, reply))
        self._waiting_bytes += size
        if submission.stream not in self._busy:  # or else its commit ends before anything can be done
            self._asked.set()
        return await reply

    async def _work(self, handle: Handle) -> None:
        while self._waiting or not self._closing:
            batch = self._take()
            if batch:
                await self._commit(handle, batch)
            else:
                self._asked.clear()
                await self._asked.wait()

    async def _commit(self, handle: Handle, batch: list[_Waiting]) -> None:
        submissions = [waiting.submission for waiting in batch]
        try:
            replies = await handle(submissions)
            for waiting, reply in zip(batch, replies, strict=True):
                if not waiting.reply.done():  # the caller may have gone
                    waiting.reply.set_result(reply)
        except Exception as error:  # noqa: BLE001 - it is for the callers
            _refuse(batch, error)
        except BaseException:
            _refuse(batch, Unavailable("The service was ended in the middle"))
            raise
        finally:
            self._busy.difference_update([waiting.submission.stream for waiting in batch])
            self._under_way -= len(batch)
            self._asked.set()
        await sleep(0)  # those who were answered may have more

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        passed_over: list[_Waiting] = []
        # Each lane takes its share of all that is there: with a large commit beside a small one, whoever decides would
        # wait for the large one to become durable, and the database for it to be decided.
        most = min(MOST, -(-(self._under_way + len(self._waiting)) // len(self._tasks)))
        size = 0
        while self._waiting and len(batch) < most and size < LARGEST_COMMIT:
            first = self._waiting.popleft()
            if first.submission.stream in self._busy:
                passed_over.append(first)
                continue
            self._waiting_bytes -= first.size
            if not first.reply.done():  # the caller may have gone
                batch.append(first)
                size += first.size
        self._waiting.extendleft(reversed(passed_over))
        self._busy.update([waiting.submission.stream for waiting in batch])
        self._under_way += len(batch)
        return batch

    def _sweep(self) -> None:
        """Refuse those who waited too long, whatever keeps the commits before them."""
        late = monotonic() - LONGEST_WAIT
        while self._waiting and self._waiting[0].since < late:
            first = self._waiting.popleft()
            self._waiting_bytes -= first.size
            _refuse([first], Unavailable(f"The commands before it took more than {LONGEST_WAIT:.0f} s"))
        self._timer = self._loop.call_later(LONGEST_WAIT / 20, self._sweep)


def _refuse(batch: list[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.reply.done():
            waiting.reply.set_exception(error)
