"""A new group of consumers begins with the groups as they are, and goes on behind them: no gap, no double."""

from threading import Event as Flag
from threading import Lock, Thread

import pytest
from kafka import KafkaProducer

from adapters.kafka.client.wire import partition_of
from adapters.kafka.settings import KafkaSettings
from convgroups_client import BootstrapError, Event, UserGroups
from convgroups_client.bootstrap import Begin
from convgroups_client.bootstrap import begin as begin_with_groups
from domain.commands import CreateGroup
from domain.groups import replay
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.kit.conftest import NewConsumer, Running, publish
from tests.e2e.kafka.log import APP, MemoryLog
from tests.e2e.service import eventually


class Follower:
    """Begins with groups, and checks that each event follows what it knows."""

    def __init__(self) -> None:
        self.begun: dict[str, UserGroups] = {}
        self.revisions: dict[str, int] = {}
        self.wrong: list[str] = []
        self._lock = Lock()

    def begin(self, user: UserGroups) -> None:
        with self._lock:
            self.begun[user.user_id] = user
            self.revisions[user.user_id] = user.revision

    def handle(self, event: Event) -> None:
        with self._lock:
            known = self.revisions.get(event.user_id, 0)
            if event.revision != known + 1:
                self.wrong.append(f"{event.user_id}: {event.revision} behind {known}")
            self.revisions[event.user_id] = event.revision

    def wait_for(self, revisions: dict[str, int]) -> None:
        eventually(lambda: self.revisions == revisions, "everybody is known as they are")


def last_revisions(log: MemoryLog) -> dict[str, int]:
    return {entry.event.user_id: entry.event.revision for entry in log.entries}


def begin(new_consumer: NewConsumer, follower: Follower, group: str = "group") -> Running:
    return new_consumer(follower.handle, group, on_groups=follower.begin)


def test_it_begins_with_the_groups_as_they_are_and_handles_no_event_of_before(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(300, users=9)
    publish(new_relay(), log)
    follower = Follower()
    running = begin(new_consumer, follower)
    eventually(lambda: len(follower.begun) == 9, "all users are handed over")
    for user, groups in follower.begun.items():
        state = replay(None, [entry.event for entry in log.entries if entry.event.user_id == user])
        assert groups.revision == state.revision
        assert [(one.group_id, one.name, one.conversation_ids) for one in groups.groups] == [
            (one.group_id, one.name, tuple(one.joined)) for one in state.groups.values()
        ]
    eventually(lambda: running.consumer.metrics.partitions == 4, "it has begun")
    assert (running.consumer.metrics.handled, running.consumer.metrics.lag) == (0, 0)


@pytest.mark.parametrize("batch", [1, 25])
def test_beside_a_relay_at_work_nothing_is_missed_and_nothing_comes_twice(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, batch: int
) -> None:
    log.grow(1500, users=20)
    relay, over = new_relay(), Flag()

    def publish_all() -> None:
        publish(relay, log, batch)
        over.set()

    published = Thread(target=publish_all)
    published.start()
    followers = [Follower() for _ in range(4)]
    for number, follower in enumerate(followers):
        begin(new_consumer, follower, f"group-{number}")
        over.wait(0.3)
    published.join(60)
    for follower in followers:
        follower.wait_for(last_revisions(log))
        assert follower.wrong == []
    assert any(len(follower.begun) for follower in followers)


def test_two_that_begin_together_share_the_partitions_and_miss_nothing(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    log.grow(1000, users=20)
    relay = new_relay()
    publish(relay, log)
    follower = Follower()
    first, second = begin(new_consumer, follower), begin(new_consumer, follower)
    log.grow(500, users=20)
    publish(relay, log, 50)
    follower.wait_for(last_revisions(log))
    assert follower.wrong == []
    eventually(
        lambda: first.consumer.metrics.partitions + second.consumer.metrics.partitions == 4, "the partitions are shared"
    )


def test_nobody_is_taken_for_all_where_the_groups_are_just_being_made(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog, settings: KafkaSettings
) -> None:
    log.grow(100, users=9)
    relay = new_relay()
    publish(relay, log)
    relay.relay_from(log.head())  # what there is of groups is to be made anew
    follower = Follower()
    making = Thread(target=relay.checkpoint)
    making.start()
    begin(new_consumer, follower)
    making.join(60)
    follower.wait_for(last_revisions(log))
    assert follower.wrong == []


def test_events_without_groups_are_said_to_be_a_topic_that_nobody_made(
    new_relay: NewRelay,
    new_consumer: NewConsumer,
    log: MemoryLog,
    settings: KafkaSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_relay().checkpoint()
    log.grow(10)
    producer = KafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    for entry in log.entries:
        producer.send(settings.events_topic, entry.value, b"1:x", [], partition=0)
    producer.close()
    monkeypatch.setattr("convgroups_client.bootstrap.PATIENCE", 1.0)
    failure = begin(new_consumer, Follower()).end()
    assert isinstance(failure, BootstrapError)
    assert f"{settings.groups_topic} is empty, and {settings.events_topic} is not" in str(failure)


def test_before_the_first_event_it_begins_with_nobody(
    new_relay: NewRelay, new_consumer: NewConsumer, log: MemoryLog
) -> None:
    relay = new_relay()
    relay.checkpoint()
    follower = Follower()
    running = begin(new_consumer, follower)
    eventually(lambda: running.consumer.metrics.partitions == 4, "it has begun")
    log.grow(50)
    publish(relay, log)
    follower.wait_for(last_revisions(log))
    assert follower.wrong == []


def test_a_transaction_is_read_whole_or_not_at_all(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    """Where a reader begins when half of a transaction is written, it reads the other half, too."""
    log.command("ann", CreateGroup(group_name="One"))
    publish(new_relay(), log)
    place = partition_of(f"{APP}:ann".encode(), settings.partitions)
    order = b'{"revision":2,"groups":[{"groupID":1,"groupName":"One"},{"groupID":2,"groupName":"Two"}]}'
    state = b'{"revision":2,"groupID":2,"groupName":"Two","conversationIDs":[]}'
    servers = {"bootstrap_servers": settings.bootstrap_servers}
    found: list[Begin] = []
    reading = Thread(
        target=lambda: found.append(begin_with_groups(servers, settings.topic_prefix, place, lambda: False))
    )
    producer = KafkaProducer(**servers, transactional_id=f"{settings.topic_prefix}.half")
    try:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(settings.groups_topic, order, f"{APP}:0:ann".encode(), [], place).get(10)
        reading.start()
        reading.join(2.0)
        assert found == [], "it does not wait for the end of the transaction"
        producer.send(settings.groups_topic, state, f"{APP}:2:ann".encode(), [], place).get(10)
        producer.commit_transaction()
        reading.join(30)
    finally:
        producer.close()
    [begun] = found
    [ann] = begun.users
    assert (ann.revision, [group.name for group in ann.groups]) == (2, ["One", "Two"])
