"""The relay goes on where Kafka says that it stopped, whatever it was doing then: no event twice, none missing."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.producer import Producer
from adapters.kafka.client.reader import Reader
from adapters.kafka.client.wire import Record
from adapters.kafka.positions import read_position
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Topics, ensure_topics
from domain.ports import Unavailable
from projections.follower import Follower
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import positions, up_to
from tests.e2e.kafka.log import MemoryLog
from tests.e2e.kafka.moments import Crash, Moment, crash, once_at


def seen(settings: KafkaSettings) -> list[int]:
    return positions(settings.bootstrap_servers, settings.topic_prefix)


def test_a_new_relay_goes_on_behind_the_last_position(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(50)
    first = new_relay()
    assert first.checkpoint() == 0
    first.apply(log.read(0, 30))
    first.close()

    second = new_relay()
    assert second.checkpoint() == 30
    second.apply(log.read(30, 1000))
    assert seen(settings) == up_to(log.head())


def test_a_crash_between_writing_and_committing_publishes_nothing(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(50)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.read(0, 20))
    once_at(Moment.WRITTEN, monkeypatch, crash)
    with pytest.raises(Crash):
        relay.apply(log.read(20, 20))

    assert relay.checkpoint() == 20
    assert seen(settings) == up_to(20)
    relay.apply(log.read(20, 1000))
    assert seen(settings) == up_to(log.head())


def test_a_crash_in_the_very_first_transaction_does_not_look_like_a_topic_of_somebody_else(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(20)
    relay = new_relay()
    relay.checkpoint()
    once_at(Moment.WRITTEN, monkeypatch, crash)
    with pytest.raises(Crash):
        relay.apply(log.read(0, 20))

    assert relay.checkpoint() == 0
    relay.apply(log.read(0, 1000))
    assert seen(settings) == up_to(log.head())


def test_a_commit_that_went_unnoticed_is_not_repeated(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(50)
    relay = new_relay()
    follower = Follower("kafka", log, relay, batch_size=20)
    publish = Producer.publish

    def unnoticed(self: Producer, records: Sequence[Record], meanwhile: Callable[[], None]) -> None:
        monkeypatch.setattr(Producer, "publish", publish)
        publish(self, records, meanwhile)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(Producer, "publish", unnoticed)
    with pytest.raises(Unavailable):
        follower.step()
    assert follower.catch_up() == log.head() - 20
    assert seen(settings) == up_to(log.head())


def test_a_relay_that_was_replaced_publishes_nothing_any_more(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(50)
    former, latter = new_relay(), new_relay()
    former.checkpoint()
    former.apply(log.read(0, 10))
    assert latter.checkpoint() == 10

    with pytest.raises(Unavailable, match="another relay has taken over"):
        former.apply(log.read(10, 10))
    assert seen(settings) == up_to(10)
    latter.apply(log.read(10, 1000))
    assert seen(settings) == up_to(log.head())


def test_a_relay_that_is_replaced_in_the_middle_of_a_transaction_commits_nothing_of_it(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(50)
    former, latter = new_relay(), new_relay()
    former.checkpoint()
    former.apply(log.read(0, 10))

    def replace() -> None:
        assert latter.checkpoint() == 10

    once_at(Moment.WRITTEN, monkeypatch, replace)
    with pytest.raises(Unavailable, match="another relay has taken over"):
        former.apply(log.read(10, 10))
    assert seen(settings) == up_to(10)
    latter.apply(log.read(10, 1000))
    assert seen(settings) == up_to(log.head())


def test_what_the_former_relay_commits_while_it_is_being_replaced_is_not_repeated(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(50)
    former, latter = new_relay(), new_relay()
    former.checkpoint()
    former.apply(log.read(0, 10))

    class LastMoment(Producer):
        def __init__(self, settings: KafkaSettings, **how: Any) -> None:
            former.apply(log.read(10, 10))
            super().__init__(settings, **how)

    monkeypatch.setattr("adapters.kafka.session.Producer", LastMoment)
    assert latter.checkpoint() == 20
    latter.apply(log.read(20, 1000))
    assert seen(settings) == up_to(log.head())


def test_services_that_start_at_once_make_the_topics_together(settings: KafkaSettings) -> None:
    together = Barrier(6)

    def start() -> Topics:
        with Cluster(settings) as cluster:
            together.wait(10)
            return ensure_topics(cluster, settings)

    with ThreadPoolExecutor(6) as threads:
        topics = [future.result() for future in [threads.submit(start) for _ in range(6)]]
    assert len(set(topics)) == 1
    assert topics[0].events.partitions == topics[0].groups.partitions == settings.partitions


@pytest.mark.parametrize("aborted", [1, 8])
def test_the_position_is_found_behind_aborted_transactions(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch, aborted: int
) -> None:
    log.grow(10)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.read(0, 5))
    for _ in range(aborted):
        once_at(Moment.WRITTEN, monkeypatch, crash)
        with pytest.raises(Crash):
            relay.apply(log.read(5, 5))
        assert relay.checkpoint() == 5
    relay.apply(log.read(5, 1000))
    assert seen(settings) == up_to(log.head())


def test_the_position_is_read_from_the_end(new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog) -> None:
    log.grow(60)
    relay = new_relay()
    relay.checkpoint()
    for position in range(60):
        relay.apply(log.read(position, 1))
    relay.close()

    read: list[range] = []

    class Watched(Reader):
        def read(self, topic: str, partition: int, offsets: range) -> object:  # type: ignore[override]
            read.append(offsets)
            return super().read(topic, partition, offsets)

    with Cluster(settings) as cluster, Watched(settings) as reader:
        found = read_position(cluster, reader, settings)
    assert found is not None
    assert int(found.reached.position) == 60
    assert read == [range(110, 120)]
