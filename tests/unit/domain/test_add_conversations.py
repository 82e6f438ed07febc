"""Add conversations: each for itself."""

import pytest

from domain.commands import AddConversations, Command
from domain.refusals import ConversationCount, GroupNotFound
from tests.unit.domain.changes import added
from tests.unit.domain.scenario import a_group, given

ONE = given(a_group("One", "C2Ca", "C2Cb"), a_group("Two", "C2Cz"))


def add(*conversation_ids: str) -> Command:
    return AddConversations(group_name="One", conversation_ids=conversation_ids)


def test_conversations_are_added_in_the_order_given_after_those_that_were_there() -> None:
    then = ONE.when(add("C2Cd", "GROUPc")).then(added(1, "One", "C2Cd", "GROUPc"))
    then.answering("C2Cd added", "GROUPc added")
    assert then.given.lists()["One"] == ["C2Ca", "C2Cb", "C2Cd", "GROUPc"]
    assert (then.outcome.group_id, then.outcome.group_name) == (1, "One")


def test_a_group_is_named_by_its_id_too() -> None:
    ONE.when(AddConversations(group_id=2, conversation_ids=("C2Cy",))).then(added(2, "Two", "C2Cy"))


def test_only_what_was_not_there_is_recorded() -> None:
    ONE.when(add("C2Ca", "C2Cc")).then(added(1, "One", "C2Cc")).answering("C2Ca already", "C2Cc added")


def test_what_is_all_there_already_records_nothing() -> None:
    ONE.when(add("C2Cb", "C2Ca")).then().answering("C2Cb already", "C2Ca already")


def test_a_conversation_may_be_in_several_groups() -> None:
    then = ONE.when(add("C2Cz")).then(added(1, "One", "C2Cz")).answering("C2Cz added")
    assert then.given.state.groups_of["C2Cz"] == (2, 1)


def test_a_malformed_one_fails_alone() -> None:
    then = ONE.when(add("c2cc", "C2Cc", "GROUP")).then(added(1, "One", "C2Cc"))
    then.answering("c2cc 2503", "C2Cc added", "GROUP 2503")
    assert "128 bytes" in str(then.outcome.items[0].message)


def test_every_one_refused_is_a_success_that_records_nothing() -> None:
    ONE.when(add("nonsense")).then().answering("nonsense 2503")


def test_a_conversation_given_twice_counts_once() -> None:
    ONE.when(add("C2Cc", "C2Cc", "C2Ca", "C2Ca")).then(added(1, "One", "C2Cc")).answering("C2Cc added", "C2Ca already")


def test_a_missing_group_is_refused() -> None:
    command = AddConversations(group_name="Three", conversation_ids=("C2Ca",))
    ONE.when(command).then_refused(GroupNotFound, group_name="Three")


def test_one_to_a_hundred_different_conversations_are_named() -> None:
    hundred = [f"C2C{n}" for n in range(100)]
    ONE.when(add(*hundred, hundred[0])).then(added(1, "One", *hundred))
    ONE.when(add(*hundred, "C2Cmore")).then_refused(ConversationCount, count=101, limit=100)
    ONE.when(add(*hundred, "nonsense")).then_refused(ConversationCount, count=101, limit=100)
    ONE.when(add()).then_refused(ConversationCount, count=0, limit=100)


def test_what_exceeds_the_limit_of_conversations_is_refused_for_itself_in_the_order_given() -> None:
    full = ONE.under(conversations=4)
    then = full.when(add("C2Cc", "C2Cd", "C2Cz", "C2Ca", "C2Ce")).then(added(1, "One", "C2Cc", "C2Cz"))
    then.answering("C2Cc added", "C2Cd 51008", "C2Cz added", "C2Ca already", "C2Ce 51008")
    assert "at most 4" in str(then.outcome.items[1].message)


def test_a_conversation_that_is_grouped_already_always_fits() -> None:
    ONE.under(conversations=1).when(add("C2Cz")).then(added(1, "One", "C2Cz")).answering("C2Cz added")


def test_a_malformed_one_takes_no_room() -> None:
    ONE.under(conversations=4).when(add("nonsense", "C2Cc")).then(added(1, "One", "C2Cc"))


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_limit_lowered_later_takes_nothing_away_and_lets_nothing_new_in(limit: int) -> None:
    ONE.under(conversations=limit).when(add("C2Cc")).then().answering("C2Cc 51008")
