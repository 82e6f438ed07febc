"""Transactions whose end Kafka decided and then left out in some partitions: they are ended as they were decided."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import TopicPartition

from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.producer import Producer
from adapters.kafka.client.transactions import Hanging, find_hanging, last_ended, write_marker
from adapters.kafka.hanging import end_hanging_transactions
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import ensure_topics
from domain.ports import Unavailable
from infra.kafka.kafka import LocalKafka
from tests.e2e.kafka.conftest import NewRelay, until_kafka_is_back
from tests.e2e.kafka.consumer import assert_every_event_is_there_once, read_all
from tests.e2e.kafka.log import MemoryLog
from tests.e2e.kafka.moments import Crash, Moment, crash, once_at
from tests.services.kafka import local_broker

PARTITIONS = {"positions": "positions.v1-0", "one": "events.v1-1", "events": "events.v1-*", "all": "*"}
"""The partitions that forget, as their folders are called behind the prefix."""


CASES = [*(("commit", which) for which in PARTITIONS), ("abort", "one"), ("abort", "all")]


class Torn(NamedTuple):
    """A relay's topics, with the last end of a transaction left out in some partitions."""

    settings: KafkaSettings
    log: MemoryLog


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    with local_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="module")
def torn(broker: LocalKafka) -> dict[tuple[str, str], Torn]:
    """Commit and abort, and have the ends forgotten while the broker is down."""
    made: dict[tuple[str, str], Torn] = {}
    for decided, which in CASES:
        made[decided, which] = Torn(KafkaSettings(broker.bootstrap, f"{decided}-{which}", 4), MemoryLog())
        publish(*made[decided, which], decided)
    broker.kill()
    for (_, which), (settings, _) in made.items():
        logs = (broker.data / "log").glob(f"{settings.topic_prefix}.{PARTITIONS[which]}/*.log")
        assert sum(map(cut_last_marker, logs)) > 0
    broker.start()
    return made


def publish(settings: KafkaSettings, log: MemoryLog, decided: str) -> None:
    """Publish 100 events and 50 more, or begin to; return when the ends of the transactions are written."""
    log.grow(200)
    relay = Relay(settings, log, log.states_at)
    relay.checkpoint()
    relay.apply(log.read(0, 100))
    with pytest.MonkeyPatch.context() as patch, suppress(Crash):
        if decided == "abort":
            once_at(Moment.WRITTEN, patch, crash)
        relay.apply(log.read(100, 50))
    if decided == "abort":
        assert relay.checkpoint() == 100  # its taking over aborts what was open
    relay.close()
    for topic in (settings.events_topic, settings.groups_topic, settings.positions_topic):
        read_all(settings.bootstrap_servers, topic)  # to its end: a commit is answered before the ends are written


def cut_last_marker(log: Path) -> bool:
    """Take the last batch off, if it is a marker: bit 5 of its attributes."""
    data, ends = log.read_bytes(), [0]
    while ends[-1] < len(data):
        ends.append(ends[-1] + 12 + struct.unpack_from(">i", data, ends[-1] + 8)[0])
    begin, end = list(pairwise(ends))[-1] if len(ends) > 1 else (0, 0)
    if begin == end or not struct.unpack_from(">h", data, begin + 21)[0] & 0x20:
        return False
    log.write_bytes(data[:begin])
    for derived in [*log.parent.glob("*.snapshot"), *log.parent.glob("*index")]:
        derived.unlink()  # made anew from the log
    return True


def what_hangs(settings: KafkaSettings) -> list[Hanging]:
    found: list[Hanging] = []

    def look() -> None:
        with Cluster(settings) as cluster:
            last = last_ended(cluster, settings)
            assert last is not None
            places = ensure_topics(cluster, settings).places(settings)
            found[:] = find_hanging(cluster, settings, places, last)

    until_kafka_is_back(look)
    return found


@pytest.mark.parametrize(("decided", "which"), CASES)
def test_a_transaction_whose_end_was_forgotten_is_ended_everywhere_as_it_was_decided(
    torn: dict[tuple[str, str], Torn], new_relay: NewRelay, decided: str, which: str
) -> None:
    settings, log = torn[decided, which]
    assert what_hangs(settings) != []
    relay = new_relay(settings, log)
    positions: list[int] = []
    until_kafka_is_back(lambda: positions.append(relay.checkpoint()))
    assert what_hangs(settings) == []
    assert positions == [150 if decided == "commit" else 100]
    relay.apply(log.read(positions[0], 1000))
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


def test_an_abort_by_taking_over_whose_end_was_forgotten_does_not_come_back_with_the_next_commit(
    broker: LocalKafka,
    kafka_prefix: str,
    new_relay: NewRelay,
    log: MemoryLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = KafkaSettings(broker.bootstrap, kafka_prefix, partitions=4)
    log.grow(200)
    former = new_relay(settings)
    former.checkpoint()
    once_at(Moment.WRITTEN, monkeypatch, crash)
    with pytest.raises(Crash):
        former.apply(log.read(0, 100))

    connected: list[Cluster] = []

    class Watched(Cluster):
        def __init__(self, settings: KafkaSettings) -> None:
            super().__init__(settings)
            connected.append(self)

    class Forgotten(Producer):
        """Takes over, and while nobody looks the broker forgets in the events topic that it has aborted."""

        def __init__(self, settings: KafkaSettings, **how: Any) -> None:
            super().__init__(settings, **how)
            monkeypatch.setattr("adapters.kafka.session.Producer", Producer)
            read_all(settings.bootstrap_servers, settings.events_topic)  # to its end: the ends are written
            broker.kill()
            logs = (broker.data / "log").glob(f"{settings.topic_prefix}.events.v1-*/*.log")
            assert sum(map(cut_last_marker, logs)) > 0
            broker.start()
            assert what_hangs(settings) != []
            until_kafka_is_back(lambda: connected[-1].find(settings.events_topic))

    monkeypatch.setattr("adapters.kafka.session.Cluster", Watched)
    monkeypatch.setattr("adapters.kafka.session.Producer", Forgotten)
    relay = new_relay(settings)
    assert relay.checkpoint() == 0
    relay.apply(log.read(0, 1000))
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


def test_a_transaction_of_a_relay_that_is_at_work_is_not_ended(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(200)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.read(0, 50))
    with Cluster(settings) as cluster:
        before = last_ended(cluster, settings)
        assert before is not None
        assert before.committed

        def interfere() -> None:
            places = ensure_topics(cluster, settings).places(settings)
            end_hanging_transactions(cluster, settings, places)
            assert find_hanging(cluster, settings, places, before) == []
            stale = Hanging(TopicPartition(settings.positions_topic, 0), before.producer_id, before.epoch - 1, 0)
            with pytest.raises(Unavailable, match="another relay has taken over"):
                write_marker(cluster, settings, stale, committed=True)
            crash()

        once_at(Moment.WRITTEN, monkeypatch, interfere)
        with pytest.raises(Crash):
            relay.apply(log.read(50, 50))
    assert relay.checkpoint() == 50
    relay.apply(log.read(50, 1000))
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())
