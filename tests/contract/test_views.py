"""The views: each moves with its checkpoint, can be built anew, and is right wherever it stands."""

from itertools import pairwise

import pytest
from eventsourcing.persistence import IntegrityError

from domain.commands import (
    AddConversations,
    Command,
    CreateGroup,
    DeleteGroup,
    RemoveConversations,
    RenameGroup,
    ReorderGroup,
)
from domain.limits import Limits, Policy
from domain.ports import Unavailable
from domain.values import stream_id
from projections.follower import Follower
from projections.group_lists import UserGroupLists, current_lists
from projections.history import current_history, history_row
from tests.contract.stores import ALICE, APP, BOB, Store, View

NOBODY = stream_id(APP, "nobody")
LIFE: list[Command] = [
    CreateGroup(group_name="One", conversation_ids=("C2Ca", "C2Cb")),
    CreateGroup(group_name="产品体验", conversation_ids=("C2Cb", "C2Cc")),
    ReorderGroup(group_id=2, before=1),
    RenameGroup(group_id=1, new_name="Erste"),
    RemoveConversations(group_id=2, conversation_ids=("C2Cb",)),
    AddConversations(group_id=1, conversation_ids=("C2Cc", "C2Cd")),
    CreateGroup(group_name="Three", conversation_ids=("C2Ca",)),
    DeleteGroup(group_name="Erste"),
    AddConversations(group_id=2, conversation_ids=("C2Ce", "C2Cf", "C2Cg")),
]
"""Records each kind of event, an eviction among them."""


@pytest.fixture
def lived(store: Store) -> Store:
    """Two users live the same life, their commands mixed; nothing has been projected."""
    store.policies[APP] = Policy(Limits(conversations=4, overflow="evict-oldest"))
    for command in LIFE:
        for user in ("alice", "bob"):
            store.outcome(command, user)
    return store


def views(store: Store) -> list[View]:
    return [store.lists, store.history]


def told(lists: UserGroupLists) -> object:
    """Give all that a user's part of the view answers."""
    members = {group_id: lists.members(group_id) for group_id, _ in lists.listed()}
    return lists.revision, lists.listed(), members, lists.joins(), lists.group_names()


def test_the_life_records_every_kind_of_event_and_evicts(lived: Store) -> None:
    assert len({event.TOPIC for event in lived.events()}) == 6
    assert any(getattr(event, "reason", None) == "evicted" for event in lived.events())


def test_an_empty_view_stands_at_0_and_knows_nobody(store: Store) -> None:
    assert [view.checkpoint() for view in views(store)] == [0, 0]
    assert store.lists.load(ALICE) == UserGroupLists()
    assert list(store.history.page(ALICE, 0, 10)) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_view_says_what_the_state_is_in_whatever_batches_it_was_filled(lived: Store, size: int) -> None:
    for view in views(lived):
        assert Follower("view", lived.log, view, batch_size=size).catch_up() == lived.log.head()
        assert view.checkpoint() == lived.log.head()
    for stream in (ALICE, BOB):
        lists, state = lived.lists.load(stream), lived.groups.state_of(stream)
        assert lists.revision == state.revision
        listed = {gid: (row.name, [c for c, _ in lists.members(gid)]) for gid, row in lists.listed()}
        assert listed == {group.group_id: (group.name, list(group.joined)) for group in state.groups.values()}
        assert [gid for gid, _ in lists.listed()] == list(state.groups)
        assert all(row.conversation_count == len(lists.members(gid)) for gid, row in lists.listed())
        assert list(lived.history.page(stream, 0, 100)) == [history_row(e) for e in lived.log.read_user(stream, 0)]


def test_a_view_is_loaded_as_the_events_make_it(lived: Store) -> None:
    expected = UserGroupLists()
    for entry in lived.log.read_user(ALICE, 0):
        expected.apply(entry.event)
    Follower("view", lived.log, lived.lists, batch_size=4).catch_up()
    loaded = lived.lists.load(ALICE)
    assert told(loaded) == told(expected)
    assert lived.lists.load(NOBODY) == UserGroupLists()


def test_answers_are_current_at_every_checkpoint(lived: Store) -> None:
    final = told(current_lists(lived.log, lived.lists, ALICE))
    rows = [history_row(entry) for entry in lived.log.read_user(ALICE, 0)]
    followers = [Follower("view", lived.log, view, batch_size=1) for view in views(lived)]
    for position in range(lived.log.head() + 1):
        assert [view.checkpoint() for view in views(lived)] == [position, position]
        assert told(current_lists(lived.log, lived.lists, ALICE)) == final
        assert current_history(lived.log, lived.history, ALICE, 0, 100) == rows
        assert current_history(lived.log, lived.history, ALICE, 2, 4) == rows[2:6]
        for follower in followers:
            follower.step()
    assert told(lived.lists.load(ALICE)) == final


def test_what_a_reader_does_with_its_answer_changes_no_view(lived: Store) -> None:
    Follower("view", lived.log, lived.lists).catch_up()
    before = told(lived.lists.load(ALICE))
    loaded = lived.lists.load(ALICE)
    loaded.groups.clear()
    loaded.memberships.clear()
    assert told(lived.lists.load(ALICE)) == before


@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_view_that_is_cleared_and_built_anew_says_the_same(lived: Store, size: int) -> None:
    for view in views(lived):
        Follower("view", lived.log, view).catch_up()
    before = told(lived.lists.load(ALICE)), list(lived.history.page(ALICE, 0, 100))
    for view in views(lived):
        view.clear()
        assert view.checkpoint() == 0
    assert lived.lists.load(ALICE) == UserGroupLists()
    assert list(lived.history.page(ALICE, 0, 100)) == []
    for view in views(lived):
        assert Follower("view", lived.log, view, batch_size=size).catch_up() == lived.log.head()
    assert (told(lived.lists.load(ALICE)), list(lived.history.page(ALICE, 0, 100))) == before


def test_clearing_one_view_leaves_the_other(lived: Store) -> None:
    for view in views(lived):
        Follower("view", lived.log, view).catch_up()
    rows = list(lived.history.page(ALICE, 0, 100))
    lived.lists.clear()
    assert (lived.lists.checkpoint(), lived.history.checkpoint()) == (0, lived.log.head())
    assert list(lived.history.page(ALICE, 0, 100)) == rows
    assert lived.log.head() > 0


@pytest.mark.parametrize("which", [0, 1], ids=["group-lists", "history"])
def test_a_batch_that_the_view_has_seen_is_refused_and_changes_nothing(lived: Store, which: int) -> None:
    view = views(lived)[which]
    entries = lived.entries()
    view.apply(entries[:6])
    before = told(lived.lists.load(ALICE)), list(lived.history.page(ALICE, 0, 100))
    for seen in (entries[:6], entries[5:9], entries[:9]):
        with pytest.raises((ValueError, IntegrityError, Unavailable)):
            view.apply(seen)
    assert view.checkpoint() == 6
    assert (told(lived.lists.load(ALICE)), list(lived.history.page(ALICE, 0, 100))) == before


def test_a_batch_with_an_event_that_does_not_follow_takes_no_effect_for_anybody(lived: Store) -> None:
    entries = lived.entries()
    lived.lists.apply(entries[:4])
    before = [told(lived.lists.load(stream)) for stream in (ALICE, BOB)]
    of_alice = [entry for entry in entries[4:] if entry.event.user_id == "alice"]
    of_bob = [entry for entry in entries[4:] if entry.event.user_id == "bob"]
    broken = sorted([*of_bob[:3], of_alice[1]], key=lambda entry: entry.position)
    broken = [entry._replace(position=place) for place, entry in enumerate(broken, start=5)]
    with pytest.raises(ValueError, match="does not follow"):
        lived.lists.apply(broken)
    assert lived.lists.checkpoint() == 4
    assert [told(lived.lists.load(stream)) for stream in (ALICE, BOB)] == before


def test_the_history_is_paged_in_order(lived: Store) -> None:
    Follower("view", lived.log, lived.history).catch_up()
    whole = list(lived.history.page(ALICE, 0, 100))
    assert [row.revision for row in whole] == list(range(1, lived.log.revision(ALICE) + 1))
    assert all(a.position < b.position for a, b in pairwise(whole))
    assert list(lived.history.page(ALICE, 3, 2)) == whole[3:5]
    assert list(lived.history.page(ALICE, len(whole), 2)) == []
    assert list(lived.history.page(NOBODY, 0, 10)) == []
