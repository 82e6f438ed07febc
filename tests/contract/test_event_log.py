"""`EventLog`, and the recorder that fills it: one order, no gap, nothing changed, nothing stepped over."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from domain.commands import AddConversations, CreateGroup, RenameGroup
from domain.events import ConversationsAdded, GroupCreated, GroupRenamed
from domain.outcomes import Outcome
from domain.ports import Key
from domain.stored import UnreadableEvent
from tests.contract.stores import ALICE, APP, BOB, Clock, OpenStore, Store, submission

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca",))
ADD = AddConversations(group_name="One", conversation_ids=("C2Cb",))


def stored(revision: int, stream: UUID = ALICE, topic: str = "conversation-groups.group-created.v1") -> StoredEvent:
    """Give an event as a recorder takes it, of a release that has one field more."""
    head = {"eventID": str(uuid4()), "sdkAppID": APP, "userID": "alice", "revision": revision}
    who = {"recordedAt": "2026-11-22T10:00:00.000000Z", "actor": "alice", "command": "CreateGroup"}
    cause = {"commandID": str(UUID(int=7)), "correlationID": "c", "causationID": str(UUID(int=7))}
    data = {"groupID": revision, "groupName": f"G{revision}", "region": "eu"}
    return StoredEvent(stream, revision, topic, json.dumps({**head, **who, **cause, **data}).encode())


def test_an_empty_log_has_no_entries(store: Store) -> None:
    assert (store.log.head(), store.log.read(0, 10), store.log.read_user(ALICE, 0)) == (0, [], [])
    assert store.log.revision(ALICE) == 0


def test_a_log_keeps_its_id(store: Store) -> None:
    log_id = store.log.log_id()
    assert (log_id.version, store.log.log_id()) == (4, log_id)
    store.outcome(ONE)
    assert store.log.log_id() == log_id


def test_two_logs_have_two_ids(store: Store, tmp_path: Path, open_store: OpenStore) -> None:
    (tmp_path / "other").mkdir()
    with open_store(tmp_path / "other", Clock()) as other:
        assert store.log.log_id() != other.log.log_id()


def test_what_is_recorded_is_read_in_order_from_position_1(store: Store) -> None:
    store.outcome(ONE)
    store.outcome(ONE, user="bob")
    store.outcome(ADD)
    entries = store.entries()
    assert [entry.position for entry in entries] == [1, 2, 3, 4, 5]
    assert [(e.event.user_id, e.event.revision) for e in entries] == [
        ("alice", 1),
        ("alice", 2),
        ("bob", 1),
        ("bob", 2),
        ("alice", 3),
    ]
    creation = [GroupCreated, ConversationsAdded]
    assert [type(entry.event) for entry in entries] == [*creation, *creation, ConversationsAdded]
    assert store.log.head() == 5


def test_an_entry_holds_its_event_as_the_flat_json_that_was_recorded(store: Store) -> None:
    outcome = store.outcome(ONE)
    for entry, recorded in zip(store.entries(), outcome.events, strict=True):
        assert entry.value == entry.event.to_json()
        assert (entry.event.event_id, entry.event.TOPIC) == (recorded.event_id, recorded.type)


@pytest.mark.parametrize(
    ("after", "limit", "positions"),
    [(0, 3, [1, 2, 3]), (3, 3, [4, 5]), (2, 2, [3, 4]), (5, 3, []), (99, 3, []), (0, 99, [1, 2, 3, 4, 5])],
)
def test_reading_goes_on_after_any_position(store: Store, after: int, limit: int, positions: list[int]) -> None:
    store.send(ONE, ADD)
    store.send(ONE, user="bob")
    assert [entry.position for entry in store.log.read(after, limit)] == positions


def test_one_user_is_read_after_any_revision(store: Store) -> None:
    for _ in range(2):
        store.send(ONE, user="bob")
        store.send(ONE, ADD)
    assert [e.event.revision for e in store.log.read_user(ALICE, 0)] == [1, 2, 3]
    assert [e.position for e in store.log.read_user(ALICE, 0)] == [3, 4, 5]
    assert [e.event.revision for e in store.log.read_user(ALICE, 1)] == [2, 3]
    assert [e.event.revision for e in store.log.read_user(ALICE, 0, limit=2)] == [1, 2]
    assert [e.event.revision for e in store.log.read_user(ALICE, 1, limit=1)] == [2]
    assert store.log.read_user(ALICE, 3) == []
    assert {e.event.user_id for e in store.log.read_user(BOB, 0)} == {"bob"}
    assert store.log.read_user(ALICE, 0) == [e for e in store.entries() if e.event.user_id == "alice"]


def test_each_user_has_a_newest_revision(store: Store) -> None:
    store.send(ONE, ADD)
    assert (store.log.revision(ALICE), store.log.revision(BOB)) == (3, 0)
    store.send(ONE, user="bob")
    assert (store.log.revision(ALICE), store.log.revision(BOB)) == (3, 2)


@pytest.mark.parametrize(
    "revisions", [[6], [0], [-1], [2], [1, 3], [1, 1], [2, 1]], ids=lambda revisions: f"at {revisions}"
)
def test_a_gap_is_refused_on_an_empty_stream_and_nothing_of_the_batch_is_recorded(
    store: Store, revisions: list[int]
) -> None:
    store.outcome(ONE, user="bob")
    batch = [stored(3, BOB), *(stored(revision) for revision in revisions)]
    with pytest.raises(IntegrityError):
        store.recorder.insert_events(batch)
    assert (store.log.head(), store.log.revision(ALICE), store.log.revision(BOB)) == (2, 0, 2)


@pytest.mark.parametrize("revision", [1, 2, 3, 5, 6])
def test_only_the_next_revision_is_recorded(store: Store, revision: int) -> None:
    store.send(ONE, ADD)
    with pytest.raises(IntegrityError):
        store.recorder.insert_events([stored(revision)])
    store.recorder.insert_events([stored(4), stored(5)])
    assert [e.event.revision for e in store.log.read_user(ALICE, 0)] == [1, 2, 3, 4, 5]


def test_a_refused_batch_leaves_no_gap_in_the_positions(store: Store) -> None:
    store.outcome(ONE)
    with pytest.raises(IntegrityError):
        store.recorder.insert_events([stored(3), stored(5)])
    store.outcome(ADD)
    assert [entry.position for entry in store.entries()] == [1, 2, 3]


def test_what_this_release_does_not_know_of_an_event_stays_in_its_json(store: Store) -> None:
    store.recorder.insert_events([stored(1)])
    (entry,) = store.entries()
    assert isinstance(entry.event, GroupCreated)
    assert json.loads(entry.value)["region"] == "eu"
    assert [e.value for e in store.log.read_user(ALICE, 0)] == [entry.value]


@pytest.mark.parametrize(
    "unreadable",
    [
        stored(3, topic="conversation-groups.group-merged.v1"),
        stored(3, topic="conversation-groups.group-created.v2"),
        StoredEvent(ALICE, 3, "conversation-groups.group-created.v1", b"{"),
        StoredEvent(ALICE, 3, "conversation-groups.group-created.v1", b'{"groupID": 1}'),
    ],
    ids=["a type of a later release", "a later version of a type", "no JSON", "fields are missing"],
)
def test_an_unreadable_event_comes_alone_after_what_stands_before_it(store: Store, unreadable: StoredEvent) -> None:
    store.outcome(ONE)
    store.recorder.insert_events([unreadable, stored(4)])
    assert [entry.position for entry in store.log.read(0, 10)] == [1, 2]
    with pytest.raises(UnreadableEvent):  # a user's state is whole, or it is not told
        store.log.read_user(ALICE, 0)
    with pytest.raises(UnreadableEvent, match=f"Stream {ALICE}, revision 3, type 'conversation-groups.group-"):
        store.log.read(2, 10)
    with pytest.raises(UnreadableEvent):
        store.log.read_user(ALICE, 2)
    assert [entry.position for entry in store.log.read(3, 10)] == [4]


def test_no_command_is_decided_on_an_unreadable_event_and_other_users_go_on(store: Store) -> None:
    store.outcome(ONE)
    store.recorder.insert_events([stored(3, topic="conversation-groups.group-merged.v1")])
    for _ in range(2):
        (reply,) = store.send(RenameGroup(group_id=1, new_name="Two"))
        assert isinstance(reply.result, UnreadableEvent)
        assert store.log.head() == 3
    for ask in (lambda: store.groups.state_of(ALICE), lambda: store.groups.dry_run(submission(ADD))):
        with pytest.raises(UnreadableEvent):
            ask()
    both = [submission(ADD, key="k"), submission(ONE, user="bob", key="k"), submission(ADD)]
    of_alice, of_bob, again = store.groups.handle(both)
    assert isinstance(of_alice.result, UnreadableEvent)
    assert isinstance(of_bob.result, Outcome)
    assert isinstance(again.result, UnreadableEvent)
    assert [type(e.event) for e in store.log.read(3, 9)] == [GroupCreated, ConversationsAdded]
    assert list(store.kept([Key(APP, user, "k") for user in ("alice", "bob")])) == [Key(APP, "bob", "k")]


def test_the_log_is_the_same_for_who_opens_it_again(open_store: OpenStore, tmp_path: Path, clock: Clock) -> None:
    with open_store(tmp_path, clock) as first:
        first.outcome(ONE)
        before = (first.log.log_id(), first.entries(), first.groups.state_of(ALICE))
    with open_store(tmp_path, clock) as again:
        assert (again.log.log_id(), again.entries(), again.groups.state_of(ALICE)) == before
        again.outcome(RenameGroup(group_id=1, new_name="Two"))
        assert isinstance(again.events()[-1], GroupRenamed)
        assert again.log.revision(ALICE) == 3
