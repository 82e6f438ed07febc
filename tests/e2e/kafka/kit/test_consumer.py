"""A consumer made with the kit gets every event, in order, and goes on where it stopped."""

from functools import partial

import pytest
from kafka import TopicPartition

from adapters.kafka.settings import KafkaSettings
from convgroups_client import (
    Consumer,
    ConversationsAdded,
    ConversationsRemoved,
    Event,
    GroupCreated,
    Metrics,
    UnknownEvent,
)
from convgroups_client.events import TYPES
from convgroups_client.records import Received
from convgroups_client.work import Partition
from domain.commands import CreateGroup, RenameGroup
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.kit.conftest import NewConsumer, Seen, each_once_in_order, publish
from tests.e2e.kafka.log import TRACEPARENT, MemoryLog
from tests.e2e.service import eventually


def test_every_event_is_handled_once_and_each_users_in_order(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(1000, users=30)
    relay, seen = new_relay(), Seen()
    publish(relay, log)
    running = new_consumer(seen)
    seen.wait_for(500)
    log.grow(1000, users=30)
    publish(relay, log)
    seen.wait_for(log.head())
    assert seen.revisions() == each_once_in_order(log)
    eventually(lambda: running.consumer.metrics.lag == 0, "nothing is left")
    running.stop()
    metrics = running.consumer.metrics
    assert (metrics.handled, metrics.retried, metrics.parked) == (log.head(), 0, 0)
    assert (metrics.queued, metrics.in_flight) == (0, 0)


def test_events_are_typed_and_say_where_they_come_from(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, settings: KafkaSettings
) -> None:
    command = CreateGroup(group_name="产品体验", conversation_ids=("C2Cbob", "GROUPtest"))
    log.command("alice", command, traceparent=TRACEPARENT)
    publish(new_relay(), log)
    seen = Seen()
    new_consumer(seen)
    seen.wait_for(2)
    created, added = seen.events
    assert isinstance(created, GroupCreated)
    assert isinstance(added, ConversationsAdded)
    assert (created.user, created.group_name, created.revision) == ("1400000000:alice", "产品体验", 1)
    assert added.conversation_ids == ("C2Cbob", "GROUPtest")
    assert added.traceparent == TRACEPARENT
    assert added.event_id == log.entries[1].event.event_id
    assert added.recorded_at == log.entries[1].event.recorded_at
    assert added.place.topic == settings.events_topic
    assert (added.place.position, added.place.source) == (f"{2:020}", f"/conversation-groups/{log.log_id()}")


def test_it_goes_on_where_it_stopped_and_handles_nothing_again(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(300)
    relay, first, second = new_relay(), Seen(), Seen()
    publish(relay, log)
    running = new_consumer(first)
    first.wait_for(log.head())
    running.stop()
    log.grow(300)
    publish(relay, log)
    new_consumer(second)
    second.wait_for(log.head() - len(first.events))
    together = {user: first.revisions()[user] + second.revisions().get(user, []) for user in first.revisions()}
    assert together == each_once_in_order(log)


def test_what_was_read_before_a_partition_was_opened_is_read_again(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened_late(consumer: Consumer, number: int, committed: int | None) -> Partition:
        # As happens where a partition is given back while the one that it was is resumed.
        place = TopicPartition(consumer.topic, number)
        consumer._consumer.resume(place)
        eventually(lambda: consumer._position(place) > 0 or number not in consumer._opening, "it was read on, or lost")
        return opened(consumer, number, committed)

    log.grow(400, users=40)  # some in each partition
    publish(new_relay(), log)
    opened = Consumer._open
    monkeypatch.setattr(Consumer, "_open", opened_late)
    seen = Seen()
    new_consumer(seen)
    seen.wait_for(log.head())
    assert seen.revisions() == each_once_in_order(log)


def test_asked_to_stop_it_finishes_what_is_in_hand_and_only_that(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(2000, users=40)
    publish(new_relay(), log)
    seen, rest = Seen(), Seen()
    running = new_consumer(seen, workers=2)
    seen.wait_for(20)
    running.stop()
    assert len(seen.events) < log.head()
    new_consumer(rest)
    expected = each_once_in_order(log)

    def all_are_handled() -> bool:
        """What was handled out of order may come again; nothing is missing."""
        both = [seen.revisions(), rest.revisions()]
        return {u: sorted({r for one in both for r in one.get(u, [])}) for u in expected} == expected

    eventually(all_are_handled, "all events are handled")


def test_a_consumer_that_is_slower_than_kafka_holds_a_bounded_number_of_events(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(4000, users=40)
    publish(new_relay(), log, batch=1000)
    seen = Seen()
    most = 0

    def slow(event: Event) -> None:
        nonlocal most
        seen(event)
        most = max(most, running.consumer.metrics.queued)

    running = new_consumer(slow, workers=1, most_queued=200, consumer_options={"max_poll_records": 100})
    seen.wait_for(log.head())
    assert 0 < most <= 300
    assert seen.revisions() == each_once_in_order(log)


@pytest.mark.parametrize("wanted", [False, True])
def test_a_type_that_came_later_is_handed_over_only_where_it_is_wanted(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    log.command("alice", CreateGroup(group_name="One"))
    log.command("alice", RenameGroup(group_id=1, new_name="Eins"))
    log.command("alice", RenameGroup(group_id=1, new_name="Uno"))
    publish(new_relay(), log)
    known = dict(TYPES)
    del known["conversation-groups.group-renamed.v1"]
    monkeypatch.setattr("convgroups_client.records.TYPES", known)
    seen = Seen()
    running = new_consumer(seen, unknown_events=wanted)
    eventually(lambda: running.consumer.metrics.handled == 3, "all are handled")
    assert [type(event) for event in seen.events] == [GroupCreated] + 2 * [UnknownEvent] * wanted
    if wanted:
        assert isinstance(seen.events[1], UnknownEvent)
        assert seen.events[1].data["groupName"] == "Eins"


def test_fields_that_came_later_are_passed_over() -> None:
    [entry] = _removal().entries[-1:]
    value = entry.value.replace(b'{"eventID"', b'{"colour":"red","eventID"').replace(b'"removed"', b'"expired"')
    headers = {"ce_type": entry.event.TOPIC, "ce_source": "/x", "ce_position": "1", "ce_revision": "3"}
    event = Received("t", 0, 0, "k", value, headers).event()
    assert isinstance(event, ConversationsRemoved)
    assert event.reason == "expired"


def _removal() -> MemoryLog:
    from domain.commands import RemoveConversations

    log = MemoryLog()
    log.command("alice", CreateGroup(group_name="One", conversation_ids=("C2Ca",)))
    log.command("alice", RemoveConversations(group_id=1, conversation_ids=("C2Ca",)))
    return log


def test_one_consumer_after_the_other_gets_the_partitions(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the group answers between two polls, as with short ones it does: kafka-python alone forgets that."""
    monkeypatch.setattr("convgroups_client.work.Work.begin_what_is_due", lambda _: 0.001)
    log.grow(50)
    publish(new_relay(), log)
    for _ in range(5):
        running = new_consumer(Seen())
        metrics = running.consumer.metrics
        eventually(partial(has_all, metrics), "it has all partitions")
        running.stop()


def has_all(metrics: Metrics) -> bool:
    return metrics.partitions == 4
