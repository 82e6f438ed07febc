"""Every limit is the app's own, and the defaults are the product's."""

import pytest
from pydantic import ValidationError

from domain.commands import AddConversations, RenameGroup, UpdateConversations
from domain.limits import Limits, Policy
from domain.refusals import ConversationCount, GroupNameLength, PackageMissing, TooManyGroups
from tests.unit.domain.changes import added, created
from tests.unit.domain.scenario import a_group, given


def test_the_defaults_are_the_products() -> None:
    expected = {"groups": 20, "nameBytes": 32, "conversationsPerCommand": 100, "conversations": 1000}
    assert Limits().model_dump() == {**expected, "overflow": "reject"}
    assert Policy() == Policy(limits=Limits(), entitled=True)


def test_the_number_of_groups_is_the_apps() -> None:
    past = given(a_group("One")).under(groups=2)
    past.when(a_group("Two")).then(created(2, "Two"))
    past.after(a_group("Two")).when(a_group("Three")).then_refused(TooManyGroups, limit=2)


def test_a_number_of_groups_lowered_later_takes_none_away() -> None:
    past = given(a_group("One"), a_group("Two"), a_group("Three")).under(groups=2)
    past.when(a_group("Four")).then_refused(TooManyGroups, limit=2)
    past.when(a_group("Three", "C2Ca")).then(added(3, "Three", "C2Ca"))


def test_the_length_of_a_name_is_the_apps() -> None:
    longer = given().under(name_bytes=33)
    longer.when(a_group("x" * 33)).then(created(1, "x" * 33))
    longer.when(a_group("x" * 34)).then_refused(GroupNameLength, length=34, limit=33)
    past = given(a_group("Suppliers")).under(name_bytes=8)
    past.when(RenameGroup(group_id=1, new_name="x" * 9)).then_refused(GroupNameLength, length=9, limit=8)


def test_a_length_lowered_later_holds_for_names_being_given_only() -> None:
    past = given(a_group("Suppliers")).under(name_bytes=8)
    past.when(AddConversations(group_name="Suppliers", conversation_ids=("C2Ca",))).then(added(1, "Suppliers", "C2Ca"))
    past.when(a_group("Suppliers", "C2Ca")).then_refused(GroupNameLength, length=9, limit=8)


def test_the_conversations_of_one_command_are_the_apps() -> None:
    past = given().under(conversations_per_command=2)
    past.when(a_group("One", "C2Ca", "C2Cb", "C2Ca")).then(created(1, "One"), added(1, "One", "C2Ca", "C2Cb"))
    past.when(a_group("One", "C2Ca", "C2Cb", "C2Cc")).then_refused(ConversationCount, count=3, limit=2)
    update = UpdateConversations(group_name="One", remove=("C2Ca",), add=("C2Cb", "C2Cc"))
    past.when(update).then_refused(ConversationCount, count=3, limit=2)


def test_the_different_conversations_of_a_user_are_the_apps() -> None:
    then = given().under(conversations=1).when(a_group("One", "C2Ca", "C2Cb"))
    then.then(created(1, "One"), added(1, "One", "C2Ca")).answering("C2Ca added", "C2Cb 51008")


def test_a_thousand_different_conversations_fit_and_one_more_does_not() -> None:
    groups = [a_group(f"G{n}", *(f"C2C{n}-{m}" for m in range(100))) for n in range(10)]
    given(*groups).when(a_group("G0", "C2Cmore")).then().answering("C2Cmore 51008")
    given(*groups[:9], a_group("G9", *(f"C2C9-{m}" for m in range(99)))).when(a_group("G9", "C2Cmore")).answering(
        "C2Cmore added"
    )


def test_an_app_without_the_package_is_refused_everything() -> None:
    given().without_the_package().when(a_group("One")).then_refused(PackageMissing)
    given(a_group("One")).without_the_package().when(a_group("One", "C2Ca")).then_refused(PackageMissing)


@pytest.mark.parametrize("name", ["groups", "name_bytes", "conversations_per_command", "conversations"])
@pytest.mark.parametrize("value", [0, -1, True, "5", 1.0, None])
def test_a_limit_is_a_whole_number_from_one(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate({name: value})


def test_an_unknown_overflow_policy_is_refused() -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate({"overflow": "evict"})
