"""What the relay does not go on from by itself; each refusal says what to do, and doing it helps."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource

from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from domain.commands import CreateGroup
from domain.ports import Unavailable
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import assert_every_event_is_there_once, positions, read_all, up_to
from tests.e2e.kafka.log import MemoryLog


@pytest.fixture
def published(new_relay: NewRelay, log: MemoryLog) -> int:
    """Give the position up to which the log is published."""
    log.grow(40)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.read(0, 30))
    relay.close()
    return 30


def refusal(refused: Callable[[], object]) -> str:
    with pytest.raises(RelayRefused) as caught:
        refused()
    return str(caught.value)


def test_a_position_of_another_log_is_refused(new_relay: NewRelay, log: MemoryLog, published: int) -> None:
    other = MemoryLog()
    other.entries = log.entries
    relay = new_relay(log=other)
    text = refusal(relay.checkpoint)
    assert str(log.log_id()) in text
    assert str(other.log_id()) in text
    assert "convgroups relay-from POSITION" in text
    assert "CONVGROUPS_KAFKA_TOPIC_PREFIX" in text

    relay.relay_from(published)
    assert relay.checkpoint() == published


def test_a_position_behind_the_end_of_the_log_is_refused(new_relay: NewRelay, log: MemoryLog, published: int) -> None:
    restored = MemoryLog(log.log_id())
    restored.entries = log.entries[:20]
    relay = new_relay(log=restored)
    text = refusal(relay.checkpoint)
    assert "up to position 30, and the log ends at 20" in text
    assert "convgroups new-log-id" in text
    assert "convgroups relay-from 20" in text

    relay.relay_from(20)
    assert relay.checkpoint() == 20


def test_another_event_at_the_position_is_refused(new_relay: NewRelay, log: MemoryLog, published: int) -> None:
    changed = MemoryLog(log.log_id())
    changed.grow(40)
    relay = new_relay(log=changed)
    text = refusal(relay.checkpoint)
    assert str(log.entries[published - 1].event.event_id) in text
    assert str(changed.entries[published - 1].event.event_id) in text
    assert "convgroups new-log-id" in text
    assert "convgroups relay-from POSITION" in text


def test_a_partition_count_changed_in_the_settings_is_refused(
    new_relay: NewRelay, settings: KafkaSettings, published: int
) -> None:
    text = refusal(new_relay(settings=replace(settings, partitions=6)).checkpoint)
    assert "has 4 partitions, and 6 are configured" in text
    assert "CONVGROUPS_KAFKA_PARTITIONS" in text
    assert new_relay().checkpoint() == published


def test_a_partition_count_changed_in_kafka_is_refused(
    new_relay: NewRelay, settings: KafkaSettings, admin: KafkaAdminClient, published: int
) -> None:
    admin.create_partitions({settings.events_topic: 6})
    text = refusal(new_relay().checkpoint)
    assert "has 6 partitions, and 4 are configured" in text


def test_a_partition_count_changed_in_both_is_refused(
    new_relay: NewRelay, settings: KafkaSettings, admin: KafkaAdminClient, published: int
) -> None:
    admin.create_partitions({settings.events_topic: 6})
    relay = new_relay(settings=replace(settings, partitions=6))
    text = refusal(relay.checkpoint)
    assert "had 4 partitions" in text
    assert "has 6 now" in text
    assert f"convgroups relay-from {published}" in text
    assert "CONVGROUPS_KAFKA_TOPIC_PREFIX" in text

    relay.relay_from(published)
    assert relay.checkpoint() == published


def test_a_topic_with_events_and_without_a_position_is_refused(
    new_relay: NewRelay, settings: KafkaSettings, admin: KafkaAdminClient, published: int
) -> None:
    admin.delete_topics([settings.positions_topic])
    relay = new_relay()
    text = refusal(relay.checkpoint)
    assert "convgroups relay-from POSITION" in text
    assert "CONVGROUPS_KAFKA_TOPIC_PREFIX" in text

    relay.relay_from(published)
    assert relay.checkpoint() == published


def test_an_events_topic_that_was_deleted_is_refused(
    new_relay: NewRelay, settings: KafkaSettings, admin: KafkaAdminClient, log: MemoryLog, published: int
) -> None:
    admin.delete_topics([settings.events_topic])
    relay = new_relay()
    text = refusal(relay.checkpoint)
    assert "deleted and made anew" in text
    assert "convgroups relay-from 0" in text

    relay.relay_from(0)
    assert relay.checkpoint() == 0
    relay.apply(log.read(0, 1000))
    assert positions(settings.bootstrap_servers, settings.topic_prefix) == up_to(log.head())


def test_an_events_topic_that_is_made_anew_under_a_relay_gets_no_later_events_without_the_earlier_ones(
    new_relay: NewRelay, settings: KafkaSettings, admin: KafkaAdminClient, log: MemoryLog, published: int
) -> None:
    relay = new_relay()
    assert relay.checkpoint() == published
    admin.delete_topics([settings.events_topic])
    admin.create_topics({settings.events_topic: {"num_partitions": settings.partitions, "replication_factor": 1}})
    with pytest.raises(Unavailable, match="was deleted, or changed"):
        relay.apply(log.read(published, 10))
    assert f"deleted and made anew since position {published}" in refusal(relay.checkpoint)
    assert read_all(settings.bootstrap_servers, settings.events_topic) == []


def test_a_position_that_somebody_else_wrote_is_refused(
    new_relay: NewRelay, settings: KafkaSettings, published: int
) -> None:
    stranger = KafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    stranger.send(settings.positions_topic, key=settings.relay_id.encode(), value=b'{"position": 7}').get(10)
    stranger.close()
    relay = new_relay()
    assert "is not a position" in refusal(relay.checkpoint)

    relay.relay_from(published)
    assert relay.checkpoint() == published


def test_records_of_others_in_the_positions_topic_do_not_matter(
    new_relay: NewRelay, settings: KafkaSettings, published: int
) -> None:
    stranger = KafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    for number in range(150):
        stranger.send(settings.positions_topic, key=b"of another follower", value=str(number).encode())
    stranger.close()
    assert new_relay().checkpoint() == published


def test_the_relay_goes_on_from_no_position_that_the_log_does_not_have(
    new_relay: NewRelay, log: MemoryLog, published: int
) -> None:
    running, asked = new_relay(), new_relay()
    assert running.checkpoint() == published
    for position in (-1, log.head() + 1, 10**9):
        text = refusal(lambda: asked.relay_from(position))  # noqa: B023 - called at once
        assert f"has no position {position}" in text
        assert f"from 1 to {log.head()}" in text
    running.apply(log.read(published, 1000))


def limit_messages(admin: KafkaAdminClient, topic: str, size: int) -> None:
    """Let the topic take batches of at most this many bytes."""
    admin.alter_configs([ConfigResource("TOPIC", topic, {"max.message.bytes": str(size)})])


def test_an_event_that_is_too_large_stops_the_relay_and_is_named(
    new_relay: NewRelay, settings: KafkaSettings, admin: KafkaAdminClient, log: MemoryLog
) -> None:
    relay = new_relay()
    relay.checkpoint()
    limit_messages(admin, settings.events_topic, 2000)
    log.grow(20)
    log.command("alice", CreateGroup(group_name="all", conversation_ids=tuple(f"C2C{uuid4()}" for _ in range(100))))
    log.grow(20)
    large = max(log.entries, key=lambda entry: len(entry.value))

    text = refusal(lambda: relay.apply(log.read(0, 1000)))
    assert f"{large.event.event_id} at position {large.position}, with {len(large.value)} bytes" in text
    assert "max.message.bytes" in text
    assert settings.events_topic in text
    assert relay.checkpoint() == 0
    assert read_all(settings.bootstrap_servers, settings.events_topic) == []

    limit_messages(admin, settings.events_topic, 1_000_000)
    relay.apply(log.read(0, 1000))
    assert positions(settings.bootstrap_servers, settings.topic_prefix) == up_to(log.head())


def test_batches_that_are_too_large_are_cut_smaller(
    new_relay: NewRelay, settings: KafkaSettings, admin: KafkaAdminClient, log: MemoryLog
) -> None:
    relay = new_relay()
    relay.checkpoint()
    limit_messages(admin, settings.events_topic, 3000)
    log.grow(1000, users=3)
    with pytest.raises(Unavailable, match="takes less at once than it did"):
        relay.apply(log.read(0, 2000))
    assert relay.checkpoint() == 0
    relay.apply(log.read(0, 2000))
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


def test_more_replicas_than_brokers_are_refused(new_relay: NewRelay, settings: KafkaSettings) -> None:
    text = refusal(new_relay(settings=replace(settings, replication_factor=3)).checkpoint)
    assert "CONVGROUPS_KAFKA_REPLICATION_FACTOR" in text


@pytest.mark.parametrize("servers", ["127.0.0.1:kafka", "127.0.0.1:99999", "kafka..example:9092"])
def test_an_address_that_is_none_is_refused(new_relay: NewRelay, settings: KafkaSettings, servers: str) -> None:
    text = refusal(new_relay(settings=replace(settings, bootstrap_servers=servers)).checkpoint)
    assert f"CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS={servers}" in text


@pytest.mark.parametrize(
    ("topic", "policy", "right"), [("events_topic", "compact", "delete"), ("positions_topic", "delete", "compact")]
)
def test_a_topic_that_would_lose_what_it_must_keep_is_refused(
    new_relay: NewRelay,
    settings: KafkaSettings,
    admin: KafkaAdminClient,
    published: int,
    topic: str,
    policy: str,
    right: str,
) -> None:
    name = getattr(settings, topic)
    admin.alter_configs([ConfigResource("TOPIC", name, {"cleanup.policy": policy})])
    relay = new_relay()
    text = refusal(relay.checkpoint)
    assert f"{name} has cleanup.policy={policy}" in text
    assert f"--add-config cleanup.policy={right}" in text

    admin.alter_configs([ConfigResource("TOPIC", name, {"cleanup.policy": right})])
    assert relay.checkpoint() == published
