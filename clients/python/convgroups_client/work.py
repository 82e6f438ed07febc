"""Events on their way through the handler: those of one user one after the other, users side by side."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from threading import RLock
from time import monotonic
from typing import NamedTuple

from convgroups_client.events import Event
from convgroups_client.metrics import Metrics
from convgroups_client.parked import Outstanding, Parked
from convgroups_client.progress import Progress
from convgroups_client.records import Received

Handler = Callable[[Event], object]


class Pauses(NamedTuple):
    """How often a handler that fails is called, and the seconds between: each pause is twice the one before."""

    attempts: int = 5
    first: float = 0.1
    longest: float = 30.0

    def behind(self, attempt: int) -> float:
        """Give the pause behind the nth attempt, counted from 1."""
        return float(min(self.first * 2 ** (attempt - 1), self.longest))


@dataclass
class _Lane:
    """What one user's events wait in."""

    events: deque[Received] = field(default_factory=deque)
    busy: bool = False
    """Somebody is at work on the first, or it waits for its next attempt."""

    attempts: int = 0
    retry: bool = False
    """What is parked is to be tried again, as soon as nobody is at work on the first."""


@dataclass
class Partition:
    """One partition that this consumer has."""

    number: int
    progress: Progress
    parked: Outstanding
    known: dict[str, int] = field(default_factory=dict)
    """For each user the revision that the groups at the beginning had, until all events behind that are read."""

    caught_up: int = 0
    """The offset behind which `known` is of no use."""

    lanes: dict[str, _Lane] = field(default_factory=dict)
    running: int = 0
    leaving: bool = False
    """It is taken away: nothing new is begun."""


class Work:
    """Hands events to the handler; safe for threads."""

    def __init__(self, handler: Handler, parked: Parked, workers: int, pauses: Pauses, metrics: Metrics) -> None:
        self._handler = handler
        self._parked = parked
        self._pauses = pauses
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(workers, "convgroups-handler")
        self._lock = RLock()
        self._due: list[tuple[float, int, Partition, str]] = []
        self._numbers = count()

    def add(self, partition: Partition, event: Received) -> None:
        """Take in the next event of a partition."""
        with self._lock:
            if partition.leaving:
                return
            partition.progress.take(event.offset)
            if event.offset >= partition.caught_up:
                partition.known.clear()
            elif event.revision <= partition.known.get(event.key, 0):
                partition.progress.done(event.offset)
                return
            self._metrics.queued += 1
            partition.lanes.setdefault(event.key, _Lane()).events.append(event)
            self._begin(partition, event.key)

    def retry_parked(self, partition: Partition) -> None:
        """Try what is parked in a partition again, in order and before what came later."""
        with self._lock:
            for user in partition.parked:
                partition.lanes.setdefault(user, _Lane()).retry = True
                self._begin(partition, user)

    def begin_what_is_due(self) -> float:
        """Begin the attempts whose time has come, and give the seconds until the next one."""
        with self._lock:
            now = monotonic()
            while self._due and self._due[0][0] <= now:
                _, _, partition, user = heappop(self._due)
                partition.lanes[user].busy = False
                self._begin(partition, user)
            return self._due[0][0] - now if self._due else 1.0

    def leave(self, partition: Partition) -> None:
        """Begin nothing more of a partition; what the handler is at work on, it finishes."""
        with self._lock:
            if not partition.leaving:
                partition.leaving = True
                self._metrics.queued -= sum(len(lane.events) for lane in partition.lanes.values()) - partition.running
                self._metrics.waiting_parked -= sum(map(len, partition.parked.values()))

    def close(self) -> None:
        """End the threads, once the handler is done."""
        self._pool.shutdown()

    def _begin(self, partition: Partition, user: str) -> None:
        lane = partition.lanes[user]
        if lane.busy or partition.leaving:
            return
        if lane.retry:
            lane.retry = False
            if not (lane.events and lane.events[0].offset < 0):
                outstanding = partition.parked.get(user, [])
                lane.events.extendleft(reversed(outstanding))
                self._metrics.queued += len(outstanding)
        if not lane.events:
            del partition.lanes[user]
            return
        lane.busy = True
        partition.running += 1
        self._metrics.queued -= 1
        self._metrics.in_flight += 1
        self._pool.submit(self._work, partition, user, lane)

    def _work(self, partition: Partition, user: str, lane: _Lane) -> None:
        event = lane.events[0]
        try:
            pause = self._try(partition, event, lane)
        except BaseException:  # noqa: BLE001 - Kafka does not take what is to be parked: it is tried again
            pause = self._pauses.longest
        with self._lock:
            partition.running -= 1
            self._metrics.in_flight -= 1
            if pause:
                self._metrics.queued += not partition.leaving
                heappush(self._due, (monotonic() + pause, next(self._numbers), partition, user))
            else:
                lane.busy = False
                self._begin(partition, user)

    def _try(self, partition: Partition, event: Received, lane: _Lane) -> float:
        """Handle the first event of a lane or park it, and give 0; or give the seconds until the next attempt."""
        from_parked = event.offset < 0
        outstanding = partition.parked.get(event.key)
        if outstanding and not from_parked and event.revision <= outstanding[-1].revision:
            with self._lock:  # it comes again: it is parked already, or was handled before the first that is
                self._done(partition, event, lane)
            return 0.0
        if outstanding and not from_parked:
            self._park(partition, event, lane, f"behind revision {outstanding[0].revision}, which is parked")
            return 0.0
        try:
            self._handler(event.event())
        except Exception as failure:  # noqa: BLE001 - whatever the handler raises
            lane.attempts += 1
            if lane.attempts < self._pauses.attempts:
                with self._lock:
                    self._metrics.retried += 1
                return self._pauses.behind(lane.attempts)
            self._give_up(partition, event, lane, f"{type(failure).__name__}: {failure}")
            return 0.0
        if from_parked:
            self._parked.drop(event)
        with self._lock:
            self._metrics.handled += 1
            if from_parked:
                self._unpark(partition, event)
            self._done(partition, event, lane)
        return 0.0

    def _give_up(self, partition: Partition, event: Received, lane: _Lane, reason: str) -> None:
        if event.offset >= 0:
            self._park(partition, event, lane, reason)
            return
        self._parked.put(event, reason)
        with self._lock:  # it and those behind it stay parked
            while lane.events and lane.events[0].offset < 0:
                lane.events.popleft()
                self._metrics.queued -= 1
            self._metrics.queued += 1  # the first was counted as begun
            lane.attempts = 0

    def _park(self, partition: Partition, event: Received, lane: _Lane, reason: str) -> None:
        self._parked.put(event, reason)
        with self._lock:
            partition.parked.setdefault(event.key, []).append(event._replace(offset=-1))
            self._metrics.parked += 1
            self._metrics.waiting_parked += not partition.leaving
            self._done(partition, event, lane)

    def _unpark(self, partition: Partition, event: Received) -> None:
        outstanding = partition.parked[event.key]
        outstanding.remove(event)
        self._metrics.waiting_parked -= not partition.leaving
        if not outstanding:
            del partition.parked[event.key]

    def _done(self, partition: Partition, event: Received, lane: _Lane) -> None:
        lane.events.popleft()
        lane.attempts = 0
        if event.offset >= 0:
            partition.progress.done(event.offset)
