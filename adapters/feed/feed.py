"""The live feed of one process: it follows the log for the users who listen here, from its head on."""

from asyncio import CancelledError, Event, get_running_loop, sleep, timeout
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeVar
from uuid import UUID

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from adapters.feed.channel import Channel
from adapters.feed.frames import encode
from adapters.feed.listener import Listener
from adapters.feed.missed import Groups, Missed
from domain.events import Event as Recorded
from domain.ports import EventLog, Unavailable
from domain.stored import CannotGoOn
from projections.notifications import Frame, whole_commands

logger = structlog.get_logger("feed")

BATCH: Final = 1000
"""Entries that are read at once: far more than one command records."""

GATHER, LOOK_AGAIN = 0.005, 0.05
"""Seconds between two readings: for commits to gather, and where nothing is known of any; other processes write too."""

PATIENCE: Final = 5.0
"""Seconds that a reader waits for the log to answer, before the feed is called away."""

PAUSE: Final = 0.5
"""Seconds between tries while the log does not answer."""

DEVICES: Final = 100
"""How many readers of one user are served at once: each may hold what was told and not yet read."""

THREADS: Final = 2
"""How many readers are brought up to date at once: when thousands come back, they must not take every connection."""

T = TypeVar("T")


class Reader(NamedTuple):
    """What one reader is told: first what it does not have yet, then what happens."""

    missed: AsyncIterator[bytes]
    listener: Listener


class Feed:
    """Tells readers what happens to their groups; while nobody listens, nothing is followed."""

    def __init__(self, log: EventLog, log_id: UUID, groups: Groups, depth: int) -> None:
        self.stopped_by: Exception | None = None
        """What the feed cannot go on from without a person; None while it works."""

        self._log, self._log_id, self._groups, self._depth = log, log_id, groups, depth
        self._channels: dict[UUID, Channel] = {}
        self._woken, self._follows = Event(), Event()

    async def __aenter__(self) -> Self:
        """Begin to work, on this event loop."""
        self._loop = get_running_loop()
        self._behind, self._ahead = CapacityLimiter(THREADS), CapacityLimiter(1)
        self._task = self._loop.create_task(self._follow())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and let all readers go."""
        self._task.cancel()
        with suppress(CancelledError):
            await self._task
        self._end_all()

    @property
    def readers(self) -> int:
        """Tell how many listen."""
        return sum(len(channel.listeners) for channel in list(self._channels.values()))

    def wake(self) -> None:
        """Tell, from any thread, that the log has grown."""
        if self._channels:
            self._loop.call_soon_threadsafe(self._woken.set)

    @asynccontextmanager
    async def listen(self, stream: UUID, cursor: str | None) -> AsyncIterator[Reader]:
        """Listen to what happens to a user's groups, from a cursor on; raises `Unavailable`, and `CannotGoOn`.

        Without a cursor, or where it is too old or of another log, first everything is told as it is now.
        """
        listener = Listener()
        channel = self._channels.setdefault(stream, Channel(partial(encode, log_id=self._log_id)))
        if len(channel.listeners) >= DEVICES:
            raise Unavailable(f"This user has {DEVICES} readers of the live feed here, and no more are served")
        channel.listeners.add(listener)  # before the groups are loaded: what is recorded meanwhile is told, too
        try:
            await self._following()
            ask = partial(Missed, self._log, self._log_id, self._groups, stream, cursor, self._depth)
            missed = await run_sync(ask, limiter=self._behind)
            channel.begin(missed.now)
            yield Reader(self._told(missed, channel.encoded, listener), listener)
        finally:
            channel.listeners.discard(listener)
            if not channel.listeners and self._channels.get(stream) is channel:
                del self._channels[stream]

    async def _following(self) -> None:
        """Wait until the log is followed: what is recorded from now on is told."""
        self._woken.set()
        if self.stopped_by is not None:
            raise Unavailable(f"The live feed cannot go on: {self.stopped_by}")
        try:
            async with timeout(PATIENCE):
                await self._follows.wait()
        except TimeoutError:
            raise Unavailable("The log does not answer, and without it there is no live feed") from None

    async def _told(
        self, missed: Missed, encoded: Callable[[Frame], bytes], listener: Listener
    ) -> AsyncIterator[bytes]:
        page = partial(missed.page, encoded)
        while not listener.over and (frames := await run_sync(page, limiter=self._behind)):
            for frame in frames:
                yield frame
        listener.seen = missed.revision

    async def _follow(self) -> None:
        position: int | None = None
        while self.stopped_by is None:
            try:
                if not self._channels:
                    position = None
                    self._follows.clear()
                    await self._wait(None)
                elif position is None:
                    position = await self._in_thread(self._log.head)
                    self._follows.set()
                else:
                    position = await self._step(position)
            except Unavailable as away:
                logger.warning("waiting for the log", reason=str(away))
                await sleep(PAUSE)
            except Exception as error:  # whatever it is, going on would skip an event
                self.stopped_by = error
                unforeseen = None if isinstance(error, CannotGoOn) else error
                logger.error("stopped, and needs a person", reason=str(error), exc_info=unforeseen)  # noqa: TRY400
                self._end_all()

    async def _step(self, position: int) -> int:
        """Tell what follows a position, and give the position behind it."""
        entries = whole_commands(await self._in_thread(self._log.read, position, BATCH), BATCH)
        if not entries:
            await self._wait(LOOK_AGAIN)
            return position
        news: dict[UUID, list[Recorded]] = {}
        for entry in entries:
            if (stream := entry.event.originator_id) in self._channels:
                news.setdefault(stream, []).append(entry.event)
        for stream, events in news.items():
            self._channels[stream].tell(events)
        await sleep(GATHER)
        return entries[-1].position

    async def _wait(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    async def _in_thread(self, call: Callable[..., T], *arguments: object) -> T:
        return await run_sync(partial(call, *arguments), limiter=self._ahead)

    def _end_all(self) -> None:
        for channel in self._channels.values():
            channel.end()
