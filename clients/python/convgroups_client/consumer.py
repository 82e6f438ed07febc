"""The consumer: reads what is committed, hands it to a handler, and commits what the handler is done with."""

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as Flag
from threading import Lock
from time import monotonic
from typing import Any, Final

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition, errors
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from convgroups_client.bootstrap import Begin, begin
from convgroups_client.errors import BootstrapError
from convgroups_client.events import UnknownEvent
from convgroups_client.groups import UserGroups
from convgroups_client.metrics import Metrics
from convgroups_client.parked import Parked
from convgroups_client.progress import Progress
from convgroups_client.records import received
from convgroups_client.work import Handler, Partition, Pauses, Work

COMMIT_EVERY: Final = 0.5
"""Seconds between two commits of offsets."""


class Consumer:
    """Calls `handler` with every event: each user's in order and one at a time, users side by side.

    An event comes at least once; with a `Ledger` in the handler its effect happens once. Offsets are committed when
    the handler is done. A handler that raises is called again, with growing pauses; when it goes on raising, the event
    and all later ones of the same user are parked, in order, in a topic of the group, until `retry_parked`.

    With `on_groups` a new group of consumers begins with everybody's groups as they are, handed over one user at a
    time, and goes on with the events behind that; without it, it begins with the first event.

    `unknown_events` says that events of types which came after this release are handed over, too, as `UnknownEvent`.
    `options` go to kafka-python: `security_protocol`, `sasl_mechanism`, `session_timeout_ms` and so on.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group: str,
        handler: Handler,
        *,
        on_groups: Callable[[UserGroups], object] | None = None,
        prefix: str = "conversation-groups",
        workers: int = 8,
        pauses: Pauses = Pauses(),  # noqa: B008 - it is immutable
        most_queued: int = 2000,
        unknown_events: bool = False,
        consumer_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.metrics = Metrics()
        self.group = group
        self.topic = f"{prefix}.events.v1"
        self.parked_topic = f"{prefix}.parked.{group}.v1"
        self._prefix = prefix
        self._handler = handler if unknown_events else _known_only(handler)
        self._on_groups = on_groups
        self._workers = workers
        self._pauses = pauses
        self._most_queued = most_queued
        self._options = {"bootstrap_servers": bootstrap_servers, **options}
        self._consumer_options = dict(consumer_options or {})
        self._partitions: dict[int, Partition] = {}
        self._assigned: set[int] = set()
        """Partitions that were given to this consumer and are not opened yet."""

        self._opening: dict[int, Future[Partition]] = {}
        self._lock = Lock()
        """Between this thread and that of kafka-python's loop, in which partitions come and go."""

        self._stopping, self._retry_asked = Flag(), Flag()

    def stop(self) -> None:
        """Ask `run` to return: handlers finish what they are at, offsets are committed. Fit for a signal handler."""
        self._stopping.set()

    def retry_parked(self) -> None:
        """Have what is parked tried again, in the partitions that this consumer has."""
        self._retry_asked.set()

    def run(self) -> None:
        """Consume until `stop`. Raises `BootstrapError`, and what kafka-python raises for good."""
        self._consumer = KafkaConsumer(
            **{
                "max_poll_records": 500,
                "fetch_max_wait_ms": 100,
                "session_timeout_ms": 10_000,  # so long the users of a consumer that was killed wait for another
                "heartbeat_interval_ms": 2_000,
                **self._options,
                **self._consumer_options,
                "group_id": self.group,
                "enable_auto_commit": False,
                "isolation_level": "read_committed",
                "auto_offset_reset": "earliest",
                "allow_auto_create_topics": False,
            }
        )
        try:
            self._parked = Parked(self.parked_topic, self._count_partitions(), self._options)
            self._work = Work(self._handler, self._parked, self._workers, self._pauses, self.metrics)
            self._openers = ThreadPoolExecutor(4, "convgroups-opening")
            try:
                self._consumer.subscribe([self.topic], listener=_Listener(self))
                self._consume()
            finally:
                for partition in list(self._partitions.values()):
                    self._work.leave(partition)
                self._work.close()
                self._commit()
                self._openers.shutdown(cancel_futures=True)
                self._parked.close()
        finally:
            self._consumer.close(autocommit=False)

    def _consume(self) -> None:
        committed_at = monotonic()
        while not self._stopping.is_set():
            self._join_again_where_forgotten()
            pause = min(self._work.begin_what_is_due(), 0.1)
            for place, records in self._consumer.poll(timeout_ms=int(1000 * max(pause, 0.001))).items():
                partition = self._partitions.get(place.partition)
                if partition is not None:
                    for record in records:
                        self._work.add(partition, received(record))
            self._begin_opening()
            self._take_opened()
            if self._retry_asked.is_set() and not self._assigned and not self._opening:
                self._retry_asked.clear()
                for partition in list(self._partitions.values()):
                    self._work.retry_parked(partition)
            self._slow_down()
            self._measure()
            if monotonic() > committed_at + COMMIT_EVERY:
                self._commit()
                committed_at = monotonic()

    def _join_again_where_forgotten(self) -> None:
        """Mend what kafka-python 3.0.12 does with a join that is answered between two polls: it never takes it up.

        The consumer would then have no partitions, say nothing to the group, and be put out of it.
        """
        group = self._consumer._coordinator  # noqa: SLF001 - there is no public sign of it
        if group.rejoining and not group.need_rejoin():
            group.request_rejoin()

    def _commit(self) -> None:
        offsets = {
            TopicPartition(self.topic, partition.number): OffsetAndMetadata(partition.progress.next, "", -1)
            for partition in list(self._partitions.values())
        }
        if offsets:
            # While the group is made up anew a commit is refused: what is not committed comes again.
            with contextlib.suppress(errors.KafkaError):
                self._consumer.commit(offsets, timeout_ms=5000)

    def _slow_down(self) -> None:
        if self.metrics.queued > self._most_queued:
            self._pause(self._consumer.pause)
        elif self.metrics.queued < self._most_queued // 2:
            self._pause(self._consumer.resume)

    def _pause(self, pause: Callable[..., None]) -> None:
        for number in list(self._partitions):
            with contextlib.suppress(KeyError, errors.IllegalStateError):  # it is just taken away
                pause(TopicPartition(self.topic, number))

    def _measure(self) -> None:
        self.metrics.partitions = len(self._partitions)
        places = [TopicPartition(self.topic, number) for number in list(self._partitions)]
        unread = sum(max(0, (self._consumer.highwater(place) or 0) - self._position(place)) for place in places)
        self.metrics.lag = unread + self.metrics.queued + self.metrics.in_flight

    def _position(self, place: TopicPartition) -> int:
        state = self._consumer._subscription.assignment.get(place)  # noqa: SLF001 - the public way may ask Kafka
        return state.position.offset if state is not None and state.position is not None else 0

    def _count_partitions(self) -> int:
        deadline = monotonic() + 30
        while not (partitions := self._consumer.partitions_for_topic(self.topic)):
            if monotonic() > deadline:
                raise errors.UnknownTopicOrPartitionError(f"There is no topic {self.topic}; the service makes it.")
        return len(partitions)

    def assigned(self, numbers: list[int]) -> None:
        """Prepare partitions that were given to this consumer; nothing of them is read until that is done."""
        self._consumer.pause(*[TopicPartition(self.topic, number) for number in numbers])
        with self._lock:
            self._assigned |= set(numbers)

    def revoked(self, numbers: list[int]) -> tuple[list[Partition], list[Future[Any]]]:
        """Begin nothing more of these partitions; give them, and what may still be at work on opening some."""
        with self._lock:
            self._assigned -= set(numbers)
            opening = [self._opening.pop(number) for number in numbers if number in self._opening]
            leaving = [self._partitions[number] for number in numbers if number in self._partitions]
        for partition in leaving:
            self._work.leave(partition)
        return leaving, [one for one in opening if not one.cancel()]

    def left(self, partitions: list[Partition]) -> dict[TopicPartition, OffsetAndMetadata]:
        """Forget partitions of which nothing runs any more, and give what is to be committed."""
        for partition in partitions:
            self._partitions.pop(partition.number, None)
        return {
            TopicPartition(self.topic, one.number): OffsetAndMetadata(one.progress.next, "", -1) for one in partitions
        }

    def commit_async(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> Any:
        """Commit from the thread of kafka-python's own loop."""
        return self._consumer.commit_async(offsets)

    def sleep(self, seconds: float) -> Any:
        """Wait on that loop."""
        return self._consumer._coordinator._net.sleep(seconds)  # noqa: SLF001 - a listener is given no loop

    def _begin_opening(self) -> None:
        """Find out where to begin with what was given to this consumer, in the one thread that may ask kafka-python."""
        for number in list(self._assigned):
            committed = self._consumer.committed(TopicPartition(self.topic, number))
            with self._lock:
                if number in self._assigned:
                    self._assigned.remove(number)
                    self._opening[number] = self._openers.submit(self._open, number, committed)

    def _open(self, number: int, committed: int | None) -> Partition:
        parked = self._parked.read(number)
        if committed is not None or self._on_groups is None:
            return Partition(number, Progress(committed or 0), parked)
        found: Begin = begin(
            self._options, self._prefix, number, lambda: self._stopping.is_set() or number not in self._opening
        )
        for user in found.users:
            if number not in self._opening:
                raise BootstrapError("The partition was taken away while its groups were handed over.")
            self._on_groups(user)
            self.metrics.bootstrapped += 1
        known = {user.user: user.revision for user in found.users}
        return Partition(number, Progress(found.offset), parked, known=known, caught_up=found.caught_up)

    def _take_opened(self) -> None:
        for number, opening in list(self._opening.items()):
            if not opening.done() or opening.cancelled():
                continue
            with self._lock:
                if self._opening.pop(number, None) is None:
                    continue  # taken away meanwhile: what came of it does not matter
                partition = opening.result()
                place = TopicPartition(self.topic, number)
                # Wherever kafka-python stands: it may have read on meanwhile, where the pause came too late or was
                # taken back for the partition as it was before, and what it read was nobody's.
                self._consumer.seek(place, partition.progress.next)
                self.metrics.waiting_parked += sum(map(len, partition.parked.values()))
                self._partitions[number] = partition
                self._consumer.resume(place)


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Is told on kafka-python's loop: heartbeats go on while handlers finish."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_assigned(self, assigned: Any) -> None:
        self._consumer.assigned([place.partition for place in assigned])

    async def on_partitions_revoked(self, revoked: Any) -> None:
        offsets = await self._finish(revoked)
        if offsets:
            committing = self._consumer.commit_async(offsets)
            while not committing.is_done:
                await self._consumer.sleep(0.005)

    async def on_partitions_lost(self, lost: Any) -> None:
        await self._finish(lost)

    async def _finish(self, places: Any) -> Any:
        leaving, opening = self._consumer.revoked([place.partition for place in places])
        while any(partition.running for partition in leaving) or not all(one.done() for one in opening):
            await self._consumer.sleep(0.005)
        return self._consumer.left(leaving)


def _known_only(handler: Handler) -> Handler:
    def handle(event: Any) -> object:
        return None if isinstance(event, UnknownEvent) else handler(event)

    return handle
