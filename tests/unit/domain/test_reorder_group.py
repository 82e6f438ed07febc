"""Reorder groups: put one before another one, or at the end."""

import pytest

from domain.commands import DeleteGroup, ReorderGroup
from domain.refusals import GroupNotFound
from tests.unit.domain.changes import reordered
from tests.unit.domain.scenario import a_group, given

FOUR = given(a_group("A"), a_group("B"), a_group("C"), a_group("D"))


@pytest.mark.parametrize(
    ("group", "before", "order"),
    [
        (4, 1, (4, 1, 2, 3)),
        (4, 2, (1, 4, 2, 3)),
        (1, 3, (2, 1, 3, 4)),
        (1, 4, (2, 3, 1, 4)),
        (2, 1, (2, 1, 3, 4)),
        (1, None, (2, 3, 4, 1)),
        (3, None, (1, 2, 4, 3)),
    ],
)
def test_a_group_is_put_before_another_one_or_at_the_end(group: int, before: int | None, order: tuple[int]) -> None:
    then = FOUR.when(ReorderGroup(group_id=group, before=before))
    then.then(reordered(group, "ABCD"[group - 1], *order)).answering()
    assert tuple(then.given.state.groups) == order
    assert (then.outcome.group_id, then.outcome.group_name) == (group, "ABCD"[group - 1])


@pytest.mark.parametrize(("group", "before"), [(2, 2), (1, 2), (3, 4), (4, None)])
def test_before_itself_or_where_it_is_already_records_nothing(group: int, before: int | None) -> None:
    then = FOUR.when(ReorderGroup(group_id=group, before=before)).then()
    assert (then.outcome.group_id, then.outcome.group_name) == (group, "ABCD"[group - 1])


def test_a_group_is_named_by_its_name_too() -> None:
    FOUR.when(ReorderGroup(group_name="C", before=1)).then(reordered(3, "C", 3, 1, 2, 4))


def test_a_missing_group_is_refused() -> None:
    FOUR.when(ReorderGroup(group_id=5, before=1)).then_refused(GroupNotFound, group_id=5)
    FOUR.when(ReorderGroup(group_name="E", before=None)).then_refused(GroupNotFound, group_name="E")
    FOUR.when(ReorderGroup(group_id=5, before=5)).then_refused(GroupNotFound, group_id=5)


def test_a_missing_group_to_stand_before_is_refused() -> None:
    FOUR.when(ReorderGroup(group_id=1, before=5)).then_refused(GroupNotFound, group_id=5)
    FOUR.after(DeleteGroup(group_id=2)).when(ReorderGroup(group_id=1, before=2)).then_refused(GroupNotFound, group_id=2)


def test_of_two_missing_groups_the_one_to_move_is_named() -> None:
    FOUR.when(ReorderGroup(group_id=5, before=6)).then_refused(GroupNotFound, group_id=5)


def test_a_new_group_stands_after_all_whatever_the_order() -> None:
    past = FOUR.after(ReorderGroup(group_id=1, before=None), a_group("E"))
    assert list(past.lists()) == ["B", "C", "D", "A", "E"]


def test_one_group_alone_is_where_it_is() -> None:
    given(a_group("A")).when(ReorderGroup(group_id=1, before=None)).then()
