"""Relays for the tests, all let go of at their end."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import enumerate as threads
from time import monotonic

import pytest
from kafka import KafkaAdminClient

from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable
from tests.e2e.kafka.log import MemoryLog

NewRelay = Callable[..., Relay]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let kafka-python leave the sockets of broken connections to the garbage collector, as it does."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(autouse=True)
def _collect_sockets() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def settings(kafka: str, kafka_prefix: str) -> KafkaSettings:
    return KafkaSettings(kafka, kafka_prefix, partitions=4)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def new_relay(settings: KafkaSettings, log: MemoryLog) -> Iterator[NewRelay]:
    """Give a maker of relays, by default of these settings and this log."""
    with ExitStack() as relays:

        def make(settings: KafkaSettings = settings, log: MemoryLog = log) -> Relay:
            relay = Relay(settings, log, log.states_at)
            relays.callback(relay.close)
            return relay

        yield make
    assert kafka_threads() == []


@pytest.fixture
def admin(settings: KafkaSettings) -> Iterator[KafkaAdminClient]:
    with KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers) as admin:
        yield admin


def kafka_threads() -> list[str]:
    """Name what kafka-python has running."""
    return [thread.name for thread in threads() if thread.name.startswith("kafka")]


def until_kafka_is_back(step: Callable[[], object]) -> None:
    """Try again and again, as the follower's thread does."""
    deadline = monotonic() + 60
    while True:
        try:
            step()
        except Unavailable:
            if monotonic() > deadline:
                raise
        else:
            return
