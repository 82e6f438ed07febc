"""What a handler cannot take is parked, in order, and holds nobody else up."""

import pytest

from adapters.kafka.client.wire import partition_of
from adapters.kafka.settings import KafkaSettings
from convgroups_client import Consumer, Event
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import read_all
from tests.e2e.kafka.kit.conftest import NewConsumer, Running, Seen, each_once_in_order, publish
from tests.e2e.kafka.log import APP, MemoryLog
from tests.e2e.service import eventually

USER = "user-1"


def of_the_user_from(revision: int) -> object:
    return lambda event: event.user_id == USER and event.revision >= revision


def is_parked(running: Running, count: int) -> None:
    eventually(
        lambda: running.consumer.metrics.waiting_parked == count,
        f"{count} events are parked, not {running.consumer.metrics.waiting_parked}",
    )


def test_an_event_that_cannot_be_handled_parks_its_users_later_ones_and_nobody_elses(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, settings: KafkaSettings
) -> None:
    log.grow(100, users=4)
    publish(new_relay(), log)
    seen = Seen()
    seen.failing = lambda event: event.user_id == USER and event.revision == 5
    running = new_consumer(seen)
    expected = each_once_in_order(log)
    is_parked(running, len(expected[USER]) - 4)
    seen.wait_for(log.head() - len(expected[USER]) + 4)
    assert seen.revisions() == expected | {USER: [1, 2, 3, 4]}
    assert seen.attempts == len(seen.events) + 3
    assert running.consumer.metrics.retried == 2

    parked = read_all(settings.bootstrap_servers, running.consumer.parked_topic)
    assert [message.key for message in parked] == [f"{APP}:{revision}:{USER}" for revision in expected[USER][4:]]
    reasons = [dict(message.headers)["parked_reason"].decode() for message in parked]
    assert reasons[0] == "RuntimeError: the other side is away"
    assert set(reasons[1:]) == {"behind revision 5, which is parked"}
    assert {message.partition for message in parked} == {partition_of(f"{APP}:{USER}".encode(), settings.partitions)}


def test_what_is_parked_stays_so_across_a_restart_until_it_is_tried_again(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(60, users=4)
    relay, seen = new_relay(), Seen()
    publish(relay, log)
    seen.failing = lambda event: event.user_id == USER and event.revision >= 3
    running = new_consumer(seen)
    is_parked(running, len(each_once_in_order(log)[USER]) - 2)
    seen.wait_for(log.head() - len(each_once_in_order(log)[USER]) + 2)
    running.stop()

    log.grow(60, users=4)
    publish(relay, log)
    seen.failing = lambda _: False  # the other side is back, and nobody has said so
    running = new_consumer(seen)
    expected = each_once_in_order(log)
    is_parked(running, len(expected[USER]) - 2)
    assert seen.revisions(USER) == {USER: [1, 2]}

    running.consumer.retry_parked()
    is_parked(running, 0)
    seen.wait_for(log.head())
    assert seen.revisions() == expected
    log.grow(40, users=4)
    publish(relay, log)
    seen.wait_for(log.head())
    assert seen.revisions() == each_once_in_order(log)


def test_what_fails_again_is_parked_again_and_keeps_its_order(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(60, users=4)
    relay, seen = new_relay(), Seen()
    publish(relay, log)
    bad = {3, 7}
    seen.failing = lambda event: event.user_id == USER and event.revision in bad
    running = new_consumer(seen)
    total = len(each_once_in_order(log)[USER])
    is_parked(running, total - 2)
    bad.remove(3)
    running.consumer.retry_parked()
    is_parked(running, total - 6)
    log.grow(30, users=4)
    publish(relay, log)
    total = len(each_once_in_order(log)[USER])
    is_parked(running, total - 6)
    assert seen.revisions(USER) == {USER: [1, 2, 3, 4, 5, 6]}
    bad.clear()
    running.consumer.retry_parked()
    seen.wait_for(log.head())
    assert seen.revisions() == each_once_in_order(log)


def test_a_user_stays_parked_when_the_partition_moves_to_another_consumer(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, settings: KafkaSettings
) -> None:
    log.grow(60, users=4)
    relay, seen = new_relay(), Seen()
    publish(relay, log)

    def failing(event: Event) -> bool:
        return event.user_id == USER and event.revision == 3

    seen.failing = failing
    first = new_consumer(seen)
    before = len(each_once_in_order(log)[USER])
    is_parked(first, before - 2)
    second = new_consumer(seen)
    eventually(
        lambda: (first.consumer.metrics.partitions, second.consumer.metrics.partitions) == (2, 2), "both have a half"
    )
    log.grow(60, users=4)
    publish(relay, log)
    after = len(each_once_in_order(log)[USER])
    eventually(
        lambda: first.consumer.metrics.waiting_parked + second.consumer.metrics.waiting_parked == after - 2,
        "the later ones are parked by whoever has the partition",
    )
    assert seen.revisions(USER) == {USER: [1, 2]}
    seen.failing = lambda _: False
    for running in (first, second):
        running.consumer.retry_parked()
    seen.wait_for(log.head())
    assert seen.revisions() == each_once_in_order(log)


def test_what_is_parked_is_not_parked_again_where_its_offset_was_not_committed(
    new_relay: NewRelay,
    new_consumer: NewConsumer,
    log: MemoryLog,
    settings: KafkaSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log.grow(60, users=4)
    publish(new_relay(), log)
    seen, again = Seen(), Seen()
    seen.failing = lambda event: event.user_id == USER and event.revision >= 3
    total = len(each_once_in_order(log)[USER])
    with monkeypatch.context() as patch:  # as after kill -9: nothing is committed
        patch.setattr(Consumer, "_commit", lambda _: None)
        patch.setattr(Consumer, "left", lambda *_: {})
        running = new_consumer(seen)
        is_parked(running, total - 2)
        running.stop()
    running = new_consumer(again)
    again.wait_for(log.head() - total)
    eventually(lambda: running.consumer.metrics.lag == 0, "all has come again")
    is_parked(running, total - 2)
    parked = read_all(settings.bootstrap_servers, running.consumer.parked_topic)
    assert len(parked) == total - 2
    assert dict(parked[0].headers)["parked_reason"].decode() == "RuntimeError: the other side is away"
    running.consumer.retry_parked()
    is_parked(running, 0)
    assert again.revisions(USER) == {USER: list(range(3, total + 1))}
