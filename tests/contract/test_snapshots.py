"""Snapshots: a follower takes them, and a service that begins at one is where the events would bring it."""

from uuid import UUID

import pytest

from adapters.store.memory import MemoryRecorder
from adapters.store.postgres import PostgresRecorder
from adapters.store.sqlite import SQLiteRecorder
from domain.commands import AddConversations, Command, CreateGroup, RemoveConversations, RenameGroup, ReorderGroup
from domain.groups import replay
from domain.snapshot import from_snapshot, to_snapshot
from domain.stored import UnreadableEvent
from projections.follower import Follower
from projections.snapshots import EVERY, Snapshots
from tests.contract.stores import ALICE, BOB, Store, submission
from tests.contract.test_event_log import stored
from tests.contract.watch import watch

LONG: list[Command] = [
    CreateGroup(group_name="One", conversation_ids=("C2Ca", "C2Cb")),
    CreateGroup(group_name="产品", conversation_ids=("C2Cb", "C2Cc")),
    RemoveConversations(group_id=1, conversation_ids=("C2Cb",)),
    *(AddConversations(group_id=1 + n % 2, conversation_ids=(f"C2C{n}",)) for n in range(40)),
    ReorderGroup(group_id=2, before=1),
    *(RenameGroup(group_id=1, new_name=f"turn {n}") for n in range(80)),
]
"""Records 126 events."""
LAST = 126


def follower(store: Store, batch_size: int = 1000) -> Follower:
    return Follower("snapshots", store.log, Snapshots(store.snapshots, store.groups.states_of), batch_size)


def revisions(store: Store) -> dict[UUID, int]:
    """Tell of which revisions there are snapshots."""
    taken = {stream: from_snapshot(kept) for stream, kept in store.recorder.history([ALICE, BOB]).snapshots.items()}
    return {stream: state.revision for stream, state in taken.items() if state is not None}


def reads_of(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list that grows by how many events are read, with each reading."""
    read: list[int] = []
    watch(store, monkeypatch, "newer", after=lambda _, found: read.append(len(found)))
    watch(store, monkeypatch, "history", after=lambda _, found: read.append(len(found.events)))
    return read


def overwrite(store: Store, state: bytes, version: int = 1) -> None:
    """Put other bytes in the place of Alice's snapshot, or another version."""
    recorder = store.recorder
    if isinstance(recorder, SQLiteRecorder):
        with recorder.datastore.transaction(commit=True) as c:
            c.execute("UPDATE snapshots SET state = ?, version = ? WHERE stream = ?", (state, version, ALICE.hex))
    elif isinstance(recorder, PostgresRecorder):
        with recorder.datastore.statement() as cursor:
            cursor.execute("UPDATE snapshots SET state = %s, version = %s WHERE stream = %s", (state, version, ALICE))
    else:
        assert isinstance(recorder, MemoryRecorder)
        recorder.taken[ALICE] = state


def test_who_passed_no_multiple_has_none(store: Store) -> None:
    store.send(*LONG)
    store.send(*LONG[:43], user="bob")
    assert follower(store).catch_up() == store.log.head()
    assert store.snapshots.checkpoint() == store.log.head()
    assert (revisions(store), EVERY, store.log.revision(BOB)) == ({ALICE: LAST}, 50, 45)


@pytest.mark.parametrize("batch_size", [1, 7, 49, 1000])
def test_a_service_that_begins_at_a_snapshot_is_where_the_events_bring_it(
    store: Store, other: Store, batch_size: int
) -> None:
    store.send(*LONG)
    assert follower(store, batch_size).catch_up() == LAST
    assert revisions(store) == {ALICE: LAST}
    store.send(RenameGroup(group_id=2, new_name="late"))
    whole = replay(None, store.events())
    assert other.groups.state_of(ALICE) == store.groups.state_of(ALICE) == whole
    assert list(other.groups.state_of(ALICE).groups) == list(whole.groups)
    assert other.outcome(RenameGroup(group_id=2, new_name="later")).revision == LAST + 2


@pytest.mark.parametrize("taken", [None, 60, LAST], ids=["no snapshot", "one in the middle", "one at the end"])
def test_the_groups_as_they_were_at_a_revision_are_what_the_events_up_to_it_make(
    store: Store, other: Store, taken: int | None
) -> None:
    for command in LONG:
        store.send(command)
        if taken is not None and store.log.head() == taken:
            follower(store).catch_up()
    events = store.events()
    for revision in (0, 1, 2, 45, 49, 50, 51, 99, 100, LAST):
        assert other.groups.state_at(ALICE, revision, most=LAST) == replay(None, events[:revision])
        assert other.groups.states_at({ALICE: revision}) == {ALICE: replay(None, events[:revision])}
    assert store.groups.state_of(ALICE).revision == LAST


def test_groups_as_they_were_are_not_made_from_more_events_than_one_may_read(store: Store) -> None:
    store.send(*LONG)
    assert store.groups.state_at(ALICE, 60, most=59) is None
    assert store.groups.state_at(ALICE, 60, most=60) == replay(None, store.events()[:60])
    follower(store).catch_up()
    store.send(RenameGroup(group_id=1, new_name="behind it"))
    assert store.groups.state_at(ALICE, LAST, most=0) == replay(None, store.events()[:LAST])


def test_a_cold_service_reads_no_more_than_what_is_behind_the_snapshot(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.send(*LONG)
    follower(store).catch_up()
    store.send(*(RenameGroup(group_id=1, new_name=f"late {n}") for n in range(23)))
    read = reads_of(other, monkeypatch)
    assert other.groups.state_of(ALICE).revision == LAST + 23
    assert other.outcome(RenameGroup(group_id=1, new_name="now")).revision == LAST + 24
    assert read == [23, 23]
    assert other.outcome(RenameGroup(group_id=1, new_name="now!")).revision == LAST + 25
    assert read == [23, 23], "by now it is remembered"


def test_a_follower_that_keeps_up_leaves_fewer_than_every_events_to_read(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = follower(store)
    read = reads_of(other, monkeypatch)
    for command in LONG:
        store.send(command)
        following.catch_up()
        if store.log.head() % 10 == 0:
            other.groups.state_of(ALICE)
    assert revisions(store) == {ALICE: 100}
    assert max(read) < EVERY


@pytest.mark.parametrize(
    ("state", "version"),
    [(None, 2), (b"", 1), (b"{}", 1), (b"\x80\x02", 1), (b'[1, "2026-01-01T00:00:00Z", 0, 0]', 1)],
    ids=["another version", "empty", "another form", "no JSON", "too short"],
)
def test_a_snapshot_that_this_version_did_not_make_is_passed_over(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch, state: bytes | None, version: int
) -> None:
    store.send(*LONG)
    follower(store).catch_up()
    if state is None and isinstance(store.recorder, MemoryRecorder):
        pytest.skip("what is in memory was made by this version")
    overwrite(store, to_snapshot(replay(None, store.events()[:7])) if state is None else state, version)
    read = reads_of(other, monkeypatch)
    assert other.groups.state_of(ALICE) == replay(None, store.events())
    assert max(read) == LAST


def test_a_new_snapshot_takes_the_place_of_one_that_was_passed_over(store: Store) -> None:
    store.send(*LONG[:60])
    follower(store).catch_up()
    overwrite(store, b"broken")
    assert revisions(store) == {}
    store.send(*LONG[60:])
    follower(store).catch_up()
    assert revisions(store) == {ALICE: LAST}


def test_snapshots_that_are_dropped_are_missed_by_nobody_and_taken_anew(store: Store, other: Store) -> None:
    store.send(*LONG)
    follower(store).catch_up()
    Snapshots(store.snapshots, store.groups.states_of).clear()
    assert (revisions(store), store.snapshots.checkpoint()) == ({}, 0)
    assert other.groups.state_of(ALICE) == replay(None, store.events())
    assert follower(store).catch_up() == LAST
    assert (revisions(store), store.snapshots.checkpoint()) == ({ALICE: LAST}, LAST)


def test_who_has_an_event_that_cannot_be_read_gets_none_and_stops_nobody_elses(store: Store, other: Store) -> None:
    store.groups.handle([submission(command, user) for command in LONG for user in ("alice", "bob")])
    store.recorder.insert_events([stored(LAST + 1, topic="conversation-groups.group-merged.v1")])
    with pytest.raises(UnreadableEvent):
        Follower("snapshots", store.log, Snapshots(store.snapshots, other.groups.states_of)).catch_up()
    assert (revisions(store), store.snapshots.checkpoint()) == ({BOB: LAST}, 2 * LAST)
    with pytest.raises(UnreadableEvent):
        other.groups.state_of(ALICE)
    assert list(other.groups.states_of([ALICE, BOB])) == [BOB]
