"""The groups topic: who begins there knows all groups as they are, and where in the events topic to go on."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from kafka import KafkaAdminClient

from adapters.kafka import relay as relaying
from adapters.kafka.building import delete_groups
from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.wire import partition_of
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from domain.commands import AddConversations, CreateGroup, DeleteGroup, ReorderGroup
from domain.groups import replay
from domain.ports import Unavailable
from projections.follower import Follower
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import Message, assert_every_event_is_there_once, read_all
from tests.e2e.kafka.log import APP, MemoryLog
from tests.e2e.kafka.moments import Crash, Moment, crash, once_at


def groups(settings: KafkaSettings) -> list[Message]:
    return read_all(settings.bootstrap_servers, settings.groups_topic)


def newest(messages: Sequence[Message]) -> dict[str, Any]:
    """Give what compaction leaves: the last value of each key that has one."""
    found = {message.key: message.value for message in messages}
    return {key: json.loads(value) for key, value in found.items() if value is not None}


def as_the_log_has_them(log: MemoryLog, upto: int | None = None) -> dict[str, Any]:
    """Give the records, revisions aside, that the events come to."""
    found: dict[str, Any] = {}
    events = [entry.event for entry in log.entries[:upto]]
    for user in dict.fromkeys(event.user_id for event in events):
        state = replay(None, [event for event in events if event.user_id == user])
        order = [{"groupID": group.group_id, "groupName": group.name} for group in state.groups.values()]
        found[f"{APP}:0:{user}"] = {"groups": order}
        for group in state.groups.values():
            found[f"{APP}:{group.group_id}:{user}"] = {
                "groupID": group.group_id,
                "groupName": group.name,
                "conversationIDs": list(group.joined),
            }
    return found


def without_revisions(records: dict[str, Any]) -> dict[str, Any]:
    return {
        key: {name: value for name, value in record.items() if name != "revision"} for key, record in records.items()
    }


def revisions(records: dict[str, Any]) -> dict[str, int]:
    """Give each user's revision, as the records have it."""
    found: dict[str, int] = {}
    for key, record in records.items():
        user = key.split(":", 2)[2]
        found[user] = max(found.get(user, 0), record["revision"])
    return found


def assert_groups_are_those_of(log: MemoryLog, settings: KafkaSettings, upto: int | None = None) -> None:
    records = newest(groups(settings))
    assert without_revisions(records) == as_the_log_has_them(log, upto)
    last = {entry.event.user_id: entry.event.revision for entry in log.entries[:upto]}
    assert revisions(records) == last


def catch_up(relay: Relay, log: MemoryLog, batch_size: int = 1000) -> None:
    Follower("kafka", log, relay, batch_size).catch_up()


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_newest_records_are_the_groups_however_the_log_is_cut(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, batch_size: int
) -> None:
    log.grow(60, users=3)
    log.command("alice", CreateGroup(group_name="供应商", conversation_ids=("GROUPtest", "C2Cbob")))
    log.command("alice", CreateGroup(group_name="empty"))
    log.command("alice", ReorderGroup(group_id=2, before=1))
    catch_up(new_relay(), log, batch_size)
    assert_groups_are_those_of(log, settings)


def test_a_record_stands_in_the_partition_of_the_users_events(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(100, users=20)
    catch_up(new_relay(), log)
    for message in groups(settings):
        app, _, user = message.key.split(":", 2)
        assert message.partition == partition_of(f"{app}:{user}".encode(), settings.partitions)
    with Cluster(settings) as cluster:
        kept = cluster.config(settings.groups_topic, "cleanup.policy", "min.compaction.lag.ms")
    assert kept == {"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000"}


def test_each_record_is_written_once_a_transaction_and_a_deleted_group_is_a_tombstone(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    relay = new_relay()
    relay.checkpoint()
    log.command("alice", CreateGroup(group_name="One", conversation_ids=("C2Ca",)))
    for number in range(20):
        log.command("alice", AddConversations(group_id=1, conversation_ids=(f"C2C{number}",)))
    relay.apply(log.read(0, 1000))
    log.command("alice", DeleteGroup(group_id=1))
    relay.apply(log.read(22, 1000))
    written = [(message.key, message.value and json.loads(message.value)) for message in groups(settings)]
    assert [key for key, _ in written] == 2 * [f"{APP}:0:alice", f"{APP}:1:alice"]
    assert [value and value["revision"] for _, value in written] == [1, 22, 23, None]
    assert written[2][1] == {"revision": 23, "groups": []}


def test_groups_and_events_become_visible_together(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(40)
    relay = new_relay()
    relay.checkpoint()
    relay.apply(log.read(0, 20))
    once_at(Moment.WRITTEN, monkeypatch, crash)
    with pytest.raises(Crash):
        relay.apply(log.read(20, 20))
    assert_groups_are_those_of(log, settings, upto=relay.checkpoint())
    relay.apply(log.read(20, 1000))
    assert_groups_are_those_of(log, settings)


def test_a_relay_that_begins_in_the_middle_knows_what_was_before(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(30, users=2)
    catch_up(new_relay(), log)
    log.grow(30, users=2)
    log.command("user-0", CreateGroup(group_name="one more"))
    catch_up(new_relay(), log, batch_size=5)
    assert_groups_are_those_of(log, settings)


def built(relay: Relay, settings: KafkaSettings) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    delete_groups(settings)
    relay.build_groups(lambda done, last: told.append((done, last)))
    return told


def test_made_anew_it_tells_the_same_and_nothing_that_is_gone(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(50, users=3)
    relay = new_relay()
    catch_up(relay, log, batch_size=10)
    written = len(groups(settings))
    log.grow(50, users=3)  # not published yet: the groups go with what is
    published = relay.checkpoint()
    assert built(relay, settings) == [(published, published)]
    assert len(groups(settings)) < written
    assert_groups_are_those_of(log, settings, upto=published)
    catch_up(relay, log)
    assert_groups_are_those_of(log, settings)
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


def test_one_that_was_deleted_under_a_relay_is_made_anew_before_the_next_event(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, admin: KafkaAdminClient
) -> None:
    log.grow(30)
    relay = new_relay()
    catch_up(relay, log)
    published = log.head()
    admin.delete_topics([settings.groups_topic])
    log.grow(30)
    with pytest.raises(Unavailable, match="deleted, or changed"):
        relay.apply(log.read(published, 1000))
    assert relay.checkpoint() == published
    assert_groups_are_those_of(log, settings, upto=published)
    catch_up(relay, log)
    assert_groups_are_those_of(log, settings)


def test_topics_of_a_release_that_had_no_groups_topic_get_one(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, admin: KafkaAdminClient
) -> None:
    log.grow(30)
    relay = new_relay()
    catch_up(relay, log)
    relay.relay_from(log.head())  # says nothing of the groups, as that release did
    admin.delete_topics([settings.groups_topic])
    log.grow(30)
    catch_up(relay, log)
    assert_groups_are_those_of(log, settings)
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, log.head())


def test_a_crash_while_it_is_made_leaves_nothing_of_it_and_it_is_made_again(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(50)
    relay = new_relay()
    catch_up(relay, log)
    delete_groups(settings)
    once_at(Moment.WRITTEN, monkeypatch, crash)
    with pytest.raises(Crash):
        relay.build_groups()
    second = new_relay()
    assert second.checkpoint() == log.head()
    assert_groups_are_those_of(log, settings)


def test_behind_another_position_it_is_made_from_the_log_that_is_there(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    log.grow(40)
    catch_up(new_relay(), log)
    other = MemoryLog()
    other.command("bob", CreateGroup(group_name="his"))
    relay = new_relay(log=other)
    relay.relay_from(0)
    catch_up(relay, other)
    assert_groups_are_those_of(other, settings)


def test_a_large_group_cuts_transactions_by_its_size(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "TRANSACTION_BYTES", 40_000)
    for user in ("ann", "bob", "cem"):
        for begin in range(0, 1000, 100):
            ids = tuple(f"C2C{number:0>100}" for number in range(begin, begin + 100))
            command = AddConversations(group_id=1, conversation_ids=ids)
            log.command(user, command if begin else CreateGroup(group_name="all", conversation_ids=ids))
    catch_up(new_relay(), log)
    assert len(read_all(settings.bootstrap_servers, settings.positions_topic)) > 15
    assert_groups_are_those_of(log, settings)
