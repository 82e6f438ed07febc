"""Consumers for the tests, all ended with them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Lock, Thread
from time import monotonic
from typing import Any

import pytest

from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from convgroups_client import Consumer, Event, Pauses
from tests.e2e.kafka.log import MemoryLog
from tests.e2e.service import eventually

SOON = Pauses(attempts=3, first=0.01, longest=0.05)


class Seen:
    """A handler that notes what it is given, user by user."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.failing: Callable[[Event], bool] = lambda _: False
        self.attempts = 0
        self._lock = Lock()
        self._at_work: set[str] = set()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self.attempts += 1
            assert event.user not in self._at_work, "two events of a user at once"
            self._at_work.add(event.user)
        try:
            if self.failing(event):
                raise RuntimeError("the other side is away")
            with self._lock:
                self.events.append(event)
        finally:
            with self._lock:
                self._at_work.remove(event.user)

    def revisions(self, user: str | None = None) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        with self._lock:
            for event in self.events:
                if user is None or event.user_id == user:
                    found.setdefault(event.user_id, []).append(event.revision)
        return found

    def wait_for(self, count: int) -> None:
        eventually(lambda: len(self.events) >= count, f"{count} events are handled, not {len(self.events)}")


def each_once_in_order(log: MemoryLog) -> dict[str, list[int]]:
    """Give what `Seen.revisions` is when every event was handled once and in order."""
    found: dict[str, list[int]] = {}
    for entry in log.entries:
        found.setdefault(entry.event.user_id, []).append(entry.event.revision)
    return found


class Running:
    """A consumer at work in a thread."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.failure: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.consumer.stop()
        self._thread.join(30)
        assert not self._thread.is_alive(), "the consumer does not stop"
        if self.failure is not None:
            raise self.failure

    def end(self) -> BaseException | None:
        """Wait until it has ended by itself."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.failure

    def _run(self) -> None:
        try:
            self.consumer.run()
        except BaseException as failure:  # noqa: BLE001 - told to the test
            self.failure = failure


NewConsumer = Callable[..., Running]


@pytest.fixture
def new_consumer(settings: KafkaSettings) -> Iterator[NewConsumer]:
    """Give a maker of consumers that run, of one group where no other is named."""
    with ExitStack() as stack:

        def make(handler: Any, group: str = "group", **how: Any) -> Running:
            how = {"prefix": settings.topic_prefix, "pauses": SOON, **how}
            running = Running(Consumer(settings.bootstrap_servers, group, handler, **how))
            stack.callback(running.end)
            stack.callback(running.consumer.stop)
            return running

        yield make


def publish(relay: Relay, log: MemoryLog, batch: int = 200) -> None:
    """Publish what is not published yet, in transactions of a few events."""
    position = relay.checkpoint()
    deadline = monotonic() + 60
    while entries := log.read(position, batch):
        assert monotonic() < deadline
        relay.apply(entries)
        position = entries[-1].position
