"""The aggregate: how each event changes it, and that nothing else does."""

import pytest

from domain.commands import DeleteGroup, RemoveConversations
from domain.events import make
from domain.groups import UserConversationGroups, evolve, replay
from tests.unit.domain.changes import added, created, deleted, evicted, removed, renamed, reordered
from tests.unit.domain.scenario import NOON, STAMP, Change, a_group, given

PAST = given(created(1, "One"), added(1, "One", "C2Ca", "C2Cb"), created(2, "Two"), added(2, "Two", "C2Cb", "C2Cc"))


def test_a_user_without_events_has_nothing() -> None:
    state = replay(None, [])
    assert state == UserConversationGroups()
    assert (state.revision, state.last_group_id, state.joins, dict(state.groups)) == (0, 0, 0, {})


def test_the_events_make_the_groups() -> None:
    assert PAST.lists() == {"One": ["C2Ca", "C2Cb"], "Two": ["C2Cb", "C2Cc"]}
    assert dict(PAST.state.groups_of) == {"C2Ca": (1,), "C2Cb": (1, 2), "C2Cc": (2,)}
    assert (PAST.state.revision, PAST.state.recorded_at, PAST.state.joins) == (4, NOON, 4)


def test_a_rename_keeps_place_and_conversations() -> None:
    assert PAST.after(renamed(1, "One", "Erste")).lists() == {"Erste": ["C2Ca", "C2Cb"], "Two": ["C2Cb", "C2Cc"]}


@pytest.mark.parametrize("left", [removed(1, "One", "C2Ca", "C2Cb"), evicted(1, "One", "C2Ca", "C2Cb")])
def test_who_leaves_a_group_stays_in_others(left: Change) -> None:
    after = PAST.after(left)
    assert after.lists() == {"One": [], "Two": ["C2Cb", "C2Cc"]}
    assert dict(after.state.groups_of) == {"C2Cb": (2,), "C2Cc": (2,)}


def test_a_delete_takes_the_group_and_its_memberships() -> None:
    after = PAST.after(deleted(1, "One", "C2Ca", "C2Cb"))
    assert after.lists() == {"Two": ["C2Cb", "C2Cc"]}
    assert (dict(after.state.groups_of), after.state.last_group_id) == ({"C2Cb": (2,), "C2Cc": (2,)}, 2)


def test_a_reorder_lists_the_groups_anew() -> None:
    assert list(PAST.after(reordered(2, "Two", 2, 1)).lists()) == ["Two", "One"]


def test_a_group_is_found_by_name_and_by_id() -> None:
    two = PAST.state.groups[2]
    assert PAST.state.find("Two") is PAST.state.find(2) is two
    assert PAST.state.find("two") is PAST.state.find(3) is PAST.state.find("") is None


def test_the_age_of_a_conversation_is_that_of_its_earliest_membership() -> None:
    assert [PAST.state.age(name) for name in ("C2Ca", "C2Cb", "C2Cc")] == [1, 2, 4]
    assert PAST.after(removed(1, "One", "C2Cb")).state.age("C2Cb") == 3
    assert PAST.after(added(1, "One", "C2Cc")).state.age("C2Cc") == 4


def test_a_state_is_never_changed_by_what_comes_after() -> None:
    before = repr(PAST.state)
    changed = PAST.after(
        renamed(1, "One", "Erste"), removed(1, "Erste", "C2Ca"), deleted(1, "Erste", "C2Cb"), added(2, "Two", "C2Cd")
    )
    assert changed.state.revision == 8
    assert repr(PAST.state) == before


def test_a_replay_goes_on_from_any_state() -> None:
    events = [
        make(change.event_type, STAMP, PAST.state.revision + n, dict(change.data))
        for n, change in enumerate((created(3, "Three"), added(3, "Three", "C2Ca")), start=1)
    ]
    assert replay(PAST.state, events) == evolve(evolve(PAST.state, events[0]), events[1])


def test_revisions_are_free_of_gaps_over_a_long_life() -> None:
    past = given(
        a_group("One", "C2Ca", "nonsense"),
        a_group("One", "C2Ca"),
        RemoveConversations(group_id=1, conversation_ids=("C2Ca", "C2Cz")),
        DeleteGroup(group_id=1),
        a_group("One"),
    )
    assert (past.state.revision, past.state.last_group_id) == (5, 2)
