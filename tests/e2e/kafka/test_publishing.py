"""What a consumer sees of the log."""

import json
from collections import Counter
from collections.abc import Callable
from time import monotonic

import pytest
from kafka import KafkaProducer

from adapters.kafka import relay as relaying
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from domain.commands import CreateGroup
from projections.follower import Follower
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import assert_every_event_is_there_once, in_order, positions, read_all, up_to
from tests.e2e.kafka.log import APP, TRACEPARENT, MemoryLog


def catch_up(relay: Relay, log: MemoryLog, batch_size: int = 1000) -> int:
    return Follower("kafka", log, relay, batch_size).catch_up()


def test_every_event_arrives_once_in_order_per_user_with_the_bytes_of_the_log(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(500)
    assert catch_up(new_relay(), log, batch_size=90) == log.head()

    messages = read_all(settings.bootstrap_servers, settings.events_topic)
    assert sorted(message.position for message in messages) == up_to(log.head())
    assert in_order(messages)
    assert all(message.value == log.entries[message.position - 1].value for message in messages)


def test_the_headers_are_those_of_the_interface(new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog) -> None:
    log.command("王小明", CreateGroup(group_name="Suppliers"))
    log.command("alice", CreateGroup(group_name="Suppliers"), traceparent=TRACEPARENT)
    catch_up(new_relay(), log)

    first, second = sorted(read_all(settings.bootstrap_servers, settings.events_topic), key=lambda m: m.position)
    event = json.loads(first.value)
    assert first.key == f"{APP}:王小明"
    assert first.headers == [
        ("ce_specversion", b"1.0"),
        ("ce_id", event["eventID"].encode()),
        ("ce_source", f"/conversation-groups/{log.log_id()}".encode()),
        ("ce_type", b"conversation-groups.group-created.v1"),
        ("ce_subject", "王小明".encode()),
        ("ce_time", b"2026-11-22T10:00:00.123456Z"),
        ("ce_sdkappid", b"1400000000"),
        ("ce_revision", b"1"),
        ("ce_position", b"00000000000000000001"),
        ("ce_correlationid", event["correlationID"].encode()),
        ("ce_causationid", event["commandID"].encode()),
        ("content-type", b"application/json"),
    ]
    assert event["recordedAt"] == "2026-11-22T10:00:00.123456Z"
    assert [name for name, _ in second.headers] == [*(name for name, _ in first.headers), "traceparent"]
    assert dict(second.headers)["traceparent"] == TRACEPARENT.encode()


def test_a_user_is_in_the_partition_where_every_client_looks_for_the_key(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(200, users=20)
    catch_up(new_relay(), log)
    messages = read_all(settings.bootstrap_servers, settings.events_topic)

    stock = KafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    try:
        stock.partitions_for(settings.events_topic)
        chosen = {
            key: stock._partition(settings.events_topic, None, None, None, key.encode(), b"")
            for key in {message.key for message in messages}
        }
    finally:
        stock.close()
    assert {message.key: message.partition for message in messages} == chosen
    assert len(set(chosen.values())) == settings.partitions


def test_each_transaction_says_which_position_it_reaches(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(100)
    catch_up(new_relay(), log, batch_size=40)

    messages = read_all(settings.bootstrap_servers, settings.positions_topic)
    reached = [json.loads(message.value) for message in messages]
    assert {message.key for message in messages} == {settings.relay_id}
    assert [int(record["position"]) for record in reached] == [40, 80, log.head()]
    last = log.entries[-1]
    assert reached[-1] == {
        "logID": str(log.log_id()),
        "position": f"{log.head():020}",
        "eventID": str(last.event.event_id),
    }


def test_a_backlog_of_20_000_events_arrives_exactly_once(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(20_000, users=200)
    relay = new_relay()
    assert catch_up(relay, log, batch_size=5000) == log.head()

    messages = read_all(settings.bootstrap_servers, settings.events_topic)
    assert sorted(message.position for message in messages) == up_to(log.head())
    assert in_order(messages)
    assert set(Counter(message.partition for message in messages)) == set(range(settings.partitions))
    assert relay.checkpoint() == log.head()


def test_what_is_too_much_for_one_transaction_goes_into_several(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(100)
    size = sum(len(entry.value) for entry in log.entries)
    monkeypatch.setattr(relaying, "TRANSACTION_BYTES", size // 2)
    catch_up(new_relay(), log)

    assert positions(settings.bootstrap_servers, settings.topic_prefix) == up_to(log.head())
    assert len(read_all(settings.bootstrap_servers, settings.positions_topic)) == 3


@pytest.mark.proof
def test_a_relay_outlives_the_epochs_of_a_producer(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, record_property: Callable[[str, object], None]
) -> None:
    """33,000 transactions of one relay in a row: every event once, though a producer has only 32,766 epochs."""
    log.grow(33_000, users=200)
    relay = new_relay()
    begin = monotonic()
    assert catch_up(relay, log, batch_size=1) == log.head()
    record_property("transactions/s", log.head() / (monotonic() - begin))

    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())
