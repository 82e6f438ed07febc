"""One user's part of the view `group-lists`, event by event."""

import pytest

from projections.group_lists import Membership, UserGroupLists, groups_before
from tests.unit.domain.changes import added, created, deleted, evicted, removed, renamed, reordered
from tests.unit.domain.scenario import NOON, Change
from tests.unit.projections.recorded import minute, recorded

PAST = (created(1, "One"), added(1, "One", "C2Ca", "C2Cb"), created(2, "Two"), added(2, "Two", "C2Cb", "C2Cc"))


def lists_after(*changes: Change) -> UserGroupLists:
    lists = UserGroupLists()
    for event in recorded(*changes):
        lists.apply(event)
    return lists


def names(lists: UserGroupLists) -> list[str]:
    return [row.name for _, row in lists.listed()]


def conversations(lists: UserGroupLists, group_id: int) -> list[str]:
    return [conversation_id for conversation_id, _ in lists.members(group_id)]


def test_a_user_nobody_wrote_for_has_nothing() -> None:
    lists = UserGroupLists()
    assert (lists.revision, lists.listed(), lists.joins(), lists.group_names()) == (0, [], [], {})
    assert lists.find("One") is lists.find(1) is None


def test_a_new_group_is_empty_and_last() -> None:
    lists = lists_after(created(1, "One"), created(2, "Two"))
    assert names(lists) == ["One", "Two"]
    group_id, row = lists.listed()[1]
    assert (group_id, row.conversation_count, row.created_at, row.updated_at) == (2, 0, *2 * (NOON + minute(2),))
    assert lists.revision == 2


def test_conversations_are_listed_in_the_order_they_were_added() -> None:
    lists = lists_after(*PAST, added(1, "One", "C2Cz", "C2Cc"))
    assert conversations(lists, 1) == ["C2Ca", "C2Cb", "C2Cz", "C2Cc"]
    assert lists.members(1)[3] == ("C2Cc", Membership(5, 1, NOON + minute(5)))
    assert [row.conversation_count for _, row in lists.listed()] == [4, 2]


@pytest.mark.parametrize("left", [removed(1, "One", "C2Ca", "C2Cb"), evicted(1, "One", "C2Ca", "C2Cb")])
def test_who_leaves_is_gone_from_that_group_alone(left: Change) -> None:
    lists = lists_after(*PAST, left)
    assert (conversations(lists, 1), conversations(lists, 2)) == ([], ["C2Cb", "C2Cc"])
    assert [row.conversation_count for _, row in lists.listed()] == [0, 2]
    assert lists.group_names() == {"C2Cb": ["Two"], "C2Cc": ["Two"]}


def test_who_comes_back_stands_last() -> None:
    lists = lists_after(*PAST, removed(1, "One", "C2Ca"), added(1, "One", "C2Ca"))
    assert conversations(lists, 1) == ["C2Cb", "C2Ca"]


def test_a_rename_changes_the_name_alone() -> None:
    lists = lists_after(*PAST, renamed(1, "One", "Erste"))
    assert names(lists) == ["Erste", "Two"]
    assert conversations(lists, 1) == ["C2Ca", "C2Cb"]
    row = dict(lists.listed())[1]
    assert (row.conversation_count, row.created_at, row.updated_at) == (2, NOON + minute(1), NOON + minute(5))


def test_a_deleted_group_is_gone_with_its_memberships() -> None:
    lists = lists_after(*PAST, deleted(1, "One", "C2Ca", "C2Cb"))
    assert names(lists) == ["Two"]
    assert lists.find(1) is lists.find("One") is None
    assert lists.members(1) == []
    assert lists.group_names() == {"C2Cb": ["Two"], "C2Cc": ["Two"]}


def test_what_is_gone_is_told_to_the_follower() -> None:
    whole = lists_after(*PAST)
    begun = UserGroupLists(revision=whole.revision, groups=dict(whole.groups))
    for event in recorded(removed(2, "Two", "C2Cc"), deleted(1, "One", "C2Ca", "C2Cb"), first_revision=5):
        begun.apply(event)
    assert begun.changes.groups_deleted == {1}
    assert begun.changes.left == {(1, "C2Ca"), (1, "C2Cb"), (2, "C2Cc")}


def test_what_came_and_went_since_leaves_no_trace() -> None:
    lists = lists_after(*PAST, removed(2, "Two", "C2Cc"), deleted(1, "One", "C2Ca", "C2Cb"))
    assert lists.changes.groups_made == {2}
    assert lists.changes.groups_deleted == set()
    assert lists.changes.left == set()


def test_a_reorder_moves_groups_and_is_no_change_of_them() -> None:
    before, after = lists_after(*PAST), lists_after(*PAST, reordered(2, "Two", 2, 1))
    assert names(after) == ["Two", "One"]
    unplaced = [{gid: row._replace(place=0) for gid, row in lists.listed()} for lists in (before, after)]
    assert unplaced[0] == unplaced[1]


def test_a_group_that_is_created_after_a_reorder_is_last() -> None:
    three = (created(1, "A"), created(2, "B"), created(3, "C"))
    assert names(lists_after(*three, reordered(1, "A", 2, 3, 1), created(4, "D"))) == ["B", "C", "A", "D"]


def test_a_new_order_holds_also_where_it_follows_at_once() -> None:
    past = (created(1, "A"), created(2, "B"), reordered(2, "B", 2, 1), created(3, "C"), reordered(3, "C", 3, 2, 1))
    assert names(lists_after(*past)) == ["C", "B", "A"]
    assert names(lists_after(*past, reordered(1, "A", 1, 3, 2))) == ["A", "C", "B"]


def test_a_group_is_found_by_name_and_by_id_and_no_number_is_a_name() -> None:
    lists = lists_after(created(1, "2"), created(2, "One"))
    by_name, by_id = lists.find("2"), lists.find(2)
    assert by_name is not None
    assert by_id is not None
    assert (by_name[0], by_id[1].name) == (1, "One")
    assert lists.find("one") is lists.find(3) is None


def test_the_groups_of_a_conversation_are_named_in_the_order_it_joined_them() -> None:
    lists = lists_after(*PAST, added(1, "One", "C2Cc"), reordered(2, "Two", 2, 1), renamed(1, "One", "Erste"))
    assert lists.group_names() == {"C2Ca": ["Erste"], "C2Cb": ["Erste", "Two"], "C2Cc": ["Two", "Erste"]}


def test_every_membership_is_listed_the_earliest_first() -> None:
    joins = lists_after(*PAST, removed(1, "One", "C2Ca")).joins()
    assert [(conversation_id, group_id) for conversation_id, group_id, _ in joins] == [
        ("C2Cb", 1),
        ("C2Cb", 2),
        ("C2Cc", 2),
    ]
    assert [joined.added_at for _, _, joined in joins] == [NOON + minute(2), NOON + minute(4), NOON + minute(4)]


@pytest.mark.parametrize("revision", [1, 4, 6, 0])
def test_an_event_that_does_not_follow_is_refused_and_changes_nothing(revision: int) -> None:
    lists = lists_after(*PAST)
    (event,) = recorded(created(3, "Three"), first_revision=revision)
    with pytest.raises(ValueError, match=f"revision {revision} of 'alice' does not follow 4"):
        lists.apply(event)
    assert (lists.revision, names(lists)) == (4, ["One", "Two"])


@pytest.mark.parametrize(
    "change",
    [renamed(3, "Three", "x"), added(3, "Three", "C2Ca"), removed(3, "Three", "C2Ca"), reordered(3, "Three", 1, 2, 3)],
    ids=lambda change: change.event_type.__name__,
)
def test_an_event_of_a_group_that_is_not_there_is_refused(change: Change) -> None:
    lists = lists_after(*PAST)
    (event,) = recorded(change, first_revision=5)
    with pytest.raises(ValueError, match="there is no group 3 at revision 5"):
        lists.apply(event)


def test_an_event_of_a_deleted_group_is_refused() -> None:
    lists = lists_after(*PAST, deleted(1, "One", "C2Ca", "C2Cb"))
    (event,) = recorded(renamed(1, "One", "x"), first_revision=6)
    with pytest.raises(ValueError, match="there is no group 1 at revision 6"):
        lists.apply(event)


def test_a_follower_needs_no_memberships_to_apply_an_event() -> None:
    whole = lists_after(*PAST)
    begun = UserGroupLists(revision=whole.revision, groups=dict(whole.groups))
    for event in recorded(added(1, "One", "C2Cz"), removed(2, "Two", "C2Cc"), first_revision=5):
        begun.apply(event)
    assert begun.memberships == {(1, "C2Cz"): Membership(5, 0, NOON + minute(5))}
    assert begun.changes.left == {(2, "C2Cc")}
    assert [row.conversation_count for _, row in begun.listed()] == [3, 1]


def test_a_follower_needs_the_groups_that_an_event_changes_and_no_others() -> None:
    changes = (*PAST, renamed(1, "One", "Uno"), reordered(2, "Two", 2, 1), removed(2, "Two", "C2Cb"), deleted(2, "Two"))
    before = UserGroupLists()
    for event in recorded(*changes):
        some = UserGroupLists(event.revision - 1, {n: before.groups[n] for n in groups_before(event)})
        untouched = {n: row for n, row in before.groups.items() if n not in some.groups}
        some.apply(event)
        before.apply(event)
        assert {**untouched, **some.groups} == before.groups
    assert [len(groups_before(event)) for event in recorded(*changes)] == [0, 1, 0, 1, 1, 2, 1, 1]
