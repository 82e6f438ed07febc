"""Kafka goes away and comes back: the relay says so in seconds, and then goes on where it was."""

import os
import signal
from collections.abc import Callable, Sequence
from time import monotonic

import pytest
from kafka import KafkaAdminClient

from adapters.kafka.client.producer import Producer
from adapters.kafka.client.wire import Record
from adapters.kafka.probe import probe
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable
from infra.kafka.kafka import LocalKafka
from projections.follower import Follower
from tests.e2e.kafka.conftest import NewRelay, kafka_threads, until_kafka_is_back
from tests.e2e.kafka.consumer import assert_every_event_is_there_once
from tests.e2e.kafka.log import MemoryLog
from tests.e2e.kafka.moments import Moment, once_at

SECONDS = 15
"""In which an outage must have been noticed; generous, for a machine that has much to do."""


@pytest.fixture
def settings(own_kafka: LocalKafka, kafka_prefix: str) -> KafkaSettings:
    return KafkaSettings(own_kafka.bootstrap, kafka_prefix, partitions=4)


@pytest.mark.parametrize("moment", [Moment.BEGUN, pytest.param(Moment.COMMIT_ASKED_FOR, marks=pytest.mark.proof)])
def test_a_broker_that_is_killed_in_a_transaction_and_comes_back_has_every_event_once(
    new_relay: NewRelay,
    settings: KafkaSettings,
    log: MemoryLog,
    own_kafka: LocalKafka,
    monkeypatch: pytest.MonkeyPatch,
    moment: Moment,
) -> None:
    """A broker that is killed in a transaction, and again when it was back, has every event once."""
    log.grow(2000)
    follower = Follower("kafka", log, new_relay(), batch_size=300)
    follower.step()
    once_at(moment, monkeypatch, own_kafka.kill)
    begin = monotonic()
    with pytest.raises(Unavailable, match=settings.bootstrap_servers):
        follower.step()
    assert monotonic() - begin < SECONDS
    assert kafka_threads() == []
    with pytest.raises(Unavailable, match=settings.bootstrap_servers):
        follower.step()

    own_kafka.start()
    until_kafka_is_back(follower.catch_up)
    own_kafka.kill()
    own_kafka.start()
    log.grow(500)
    until_kafka_is_back(follower.catch_up)
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


def test_a_broker_that_is_killed_before_it_wrote_the_ends_of_a_commit_has_every_event_once(
    new_relay: NewRelay,
    settings: KafkaSettings,
    log: MemoryLog,
    own_kafka: LocalKafka,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer to a commit comes before: a relay that took it for the end would leave them open, and lose them."""
    log.grow(300)
    follower = Follower("kafka", log, new_relay())
    publish = Producer.publish

    def killed(self: Producer, records: Sequence[Record], meanwhile: Callable[[], None]) -> None:
        monkeypatch.setattr(Producer, "publish", publish)
        publish(self, records, meanwhile)
        own_kafka.kill()

    monkeypatch.setattr(Producer, "publish", killed)
    with pytest.raises(Unavailable):
        follower.step()
    own_kafka.start()
    until_kafka_is_back(follower.catch_up)
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


@pytest.mark.proof
@pytest.mark.parametrize("moment", [Moment.WRITTEN, Moment.COMMIT_ASKED_FOR])
def test_a_broker_that_stands_still_in_a_transaction_and_wakes_up_has_every_event_once(
    new_relay: NewRelay,
    settings: KafkaSettings,
    log: MemoryLog,
    own_kafka: LocalKafka,
    monkeypatch: pytest.MonkeyPatch,
    moment: Moment,
) -> None:
    """A broker that stands still in a transaction, and does later what it was asked, has every event once."""
    assert own_kafka._process is not None
    broker = own_kafka._process.pid
    log.grow(2000)
    follower = Follower("kafka", log, new_relay(), batch_size=300)
    follower.step()
    try:
        once_at(moment, monkeypatch, lambda: os.kill(broker, signal.SIGSTOP))
        with pytest.raises(Unavailable):
            follower.step()
        with pytest.raises(Unavailable):
            follower.step()
    finally:
        os.kill(broker, signal.SIGCONT)
    until_kafka_is_back(follower.catch_up)
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


def test_a_broker_with_the_old_protocol_of_transactions_is_refused(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(10)
    relay = new_relay()
    with KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers) as admin:
        admin.update_features({"transaction.version": ("SAFE_DOWNGRADE", 1)})
        with pytest.raises(RelayRefused) as refused:
            relay.checkpoint()
        assert "has transaction.version=1" in str(refused.value)
        assert "kafka-features.sh upgrade --feature transaction.version=2" in str(refused.value)
        assert probe(settings).transaction_version == 1

        admin.update_features({"transaction.version": 2})
    assert relay.checkpoint() == 0
    relay.apply(log.read(0, 100))
