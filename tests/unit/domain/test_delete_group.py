"""Delete a group: it goes, its conversations stay in their other groups."""

from domain.commands import DeleteGroup
from domain.refusals import GroupNotFound
from tests.unit.domain.changes import added, created, deleted
from tests.unit.domain.scenario import a_group, given

TWO = given(a_group("One", "C2Ca", "C2Cb"), a_group("Two", "C2Cb", "C2Cc"))


def test_a_group_is_deleted_by_name_and_says_what_was_in_it() -> None:
    then = TWO.when(DeleteGroup(group_name="One")).then(deleted(1, "One", "C2Ca", "C2Cb")).answering()
    assert (then.outcome.group_id, then.outcome.group_name) == (1, "One")


def test_a_group_is_deleted_by_id() -> None:
    TWO.when(DeleteGroup(group_id=2)).then(deleted(2, "Two", "C2Cb", "C2Cc"))


def test_its_conversations_stay_in_their_other_groups() -> None:
    left = TWO.when(DeleteGroup(group_name="One")).given
    assert left.lists() == {"Two": ["C2Cb", "C2Cc"]}
    assert dict(left.state.groups_of) == {"C2Cb": (2,), "C2Cc": (2,)}


def test_an_empty_group_is_deleted() -> None:
    given(a_group("One")).when(DeleteGroup(group_id=1)).then(deleted(1, "One"))


def test_a_missing_group_is_refused() -> None:
    TWO.when(DeleteGroup(group_name="Three")).then_refused(GroupNotFound, group_name="Three")
    TWO.when(DeleteGroup(group_id=3)).then_refused(GroupNotFound, group_id=3)
    given().when(DeleteGroup(group_name="One")).then_refused(GroupNotFound, group_name="One")


def test_a_deleted_group_is_missing_by_name_and_by_id() -> None:
    left = TWO.after(DeleteGroup(group_name="One"))
    left.when(DeleteGroup(group_name="One")).then_refused(GroupNotFound, group_name="One")
    left.when(DeleteGroup(group_id=1)).then_refused(GroupNotFound, group_id=1)


def test_its_name_is_free_for_a_new_group_that_begins_empty_and_last() -> None:
    then = TWO.after(DeleteGroup(group_name="One")).when(a_group("One", "C2Cz"))
    then.then(created(3, "One"), added(3, "One", "C2Cz"))
    assert then.given.lists() == {"Two": ["C2Cb", "C2Cc"], "One": ["C2Cz"]}


def test_the_room_of_its_conversations_is_free_again() -> None:
    full = TWO.under(conversations=3)
    full.when(a_group("Two", "C2Cd")).then().answering("C2Cd 51008")
    full.after(DeleteGroup(group_name="One")).when(a_group("Two", "C2Cd")).then(added(2, "Two", "C2Cd"))
