"""Remove conversations: each for itself."""

from domain.commands import AddConversations, Command, RemoveConversations
from domain.refusals import ConversationCount, GroupNotFound
from tests.unit.domain.changes import removed
from tests.unit.domain.scenario import a_group, given

ONE = given(a_group("One", "C2Ca", "C2Cb", "C2Cc"), a_group("Two", "C2Cb"))


def remove(*conversation_ids: str) -> Command:
    return RemoveConversations(group_name="One", conversation_ids=conversation_ids)


def test_conversations_leave_the_group_and_stay_in_others() -> None:
    then = ONE.when(remove("C2Cb", "C2Ca")).then(removed(1, "One", "C2Cb", "C2Ca"))
    then.answering("C2Cb removed", "C2Ca removed")
    assert then.given.lists() == {"One": ["C2Cc"], "Two": ["C2Cb"]}
    assert dict(then.given.state.groups_of) == {"C2Cc": (1,), "C2Cb": (2,)}


def test_a_group_is_named_by_its_id_too() -> None:
    ONE.when(RemoveConversations(group_id=2, conversation_ids=("C2Cb",))).then(removed(2, "Two", "C2Cb"))


def test_only_what_was_there_is_recorded() -> None:
    ONE.when(remove("C2Cz", "C2Cc")).then(removed(1, "One", "C2Cc")).answering("C2Cz absent", "C2Cc removed")


def test_what_is_not_there_is_a_success_that_records_nothing() -> None:
    ONE.when(remove("C2Cz")).then().answering("C2Cz absent")


def test_a_malformed_one_fails_alone() -> None:
    ONE.when(remove("nonsense", "C2Ca")).then(removed(1, "One", "C2Ca")).answering("nonsense 2503", "C2Ca removed")


def test_every_one_refused_is_a_success_that_records_nothing() -> None:
    ONE.when(remove("nonsense")).then().answering("nonsense 2503")


def test_a_conversation_given_twice_counts_once() -> None:
    then = ONE.when(remove("C2Ca", "C2Cz", "C2Ca", "C2Cz")).then(removed(1, "One", "C2Ca"))
    then.answering("C2Ca removed", "C2Cz absent")


def test_a_missing_group_is_refused() -> None:
    ONE.when(RemoveConversations(group_id=3, conversation_ids=("C2Ca",))).then_refused(GroupNotFound, group_id=3)


def test_one_to_a_hundred_different_conversations_are_named() -> None:
    hundred = [f"C2C{n}" for n in range(100)]
    ONE.when(remove(*hundred)).then().answering(*(f"{name} absent" for name in hundred))
    ONE.when(remove(*hundred, "nonsense")).then_refused(ConversationCount, count=101, limit=100)
    ONE.when(remove()).then_refused(ConversationCount, count=0, limit=100)


def test_the_last_one_leaves_an_empty_group() -> None:
    then = ONE.when(RemoveConversations(group_name="Two", conversation_ids=("C2Cb",)))
    assert then.given.lists()["Two"] == []


def test_one_that_comes_back_stands_last() -> None:
    back = ONE.after(remove("C2Ca"), AddConversations(group_name="One", conversation_ids=("C2Ca",)))
    assert back.lists()["One"] == ["C2Cb", "C2Cc", "C2Ca"]


def test_nothing_is_ever_too_many_to_be_removed_from() -> None:
    ONE.under(conversations=1).when(remove("C2Ca")).then(removed(1, "One", "C2Ca"))
