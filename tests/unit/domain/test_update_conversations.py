"""Update conversations: some leave and others come, as one change; removals first."""

from domain.commands import Command, UpdateConversations
from domain.refusals import ConversationCount, GroupNotFound, InBothLists
from tests.unit.domain.changes import added, removed
from tests.unit.domain.scenario import a_group, given

ONE = given(a_group("One", "C2Ca", "C2Cb"), a_group("Two", "C2Cz"))


def update(remove: tuple[str, ...] = (), add: tuple[str, ...] = ()) -> Command:
    return UpdateConversations(group_name="One", remove=remove, add=add)


def test_removals_come_first_in_what_is_recorded_and_in_the_answer() -> None:
    then = ONE.when(update(remove=("C2Ca",), add=("C2Cc", "C2Cd")))
    then.then(removed(1, "One", "C2Ca"), added(1, "One", "C2Cc", "C2Cd"))
    then.answering("C2Ca removed", "C2Cc added", "C2Cd added")
    assert then.given.lists()["One"] == ["C2Cb", "C2Cc", "C2Cd"]


def test_what_is_removed_makes_room_for_what_is_added() -> None:
    full = ONE.under(conversations=3)
    full.when(update(add=("C2Cc",))).then().answering("C2Cc 51008")
    full.when(update(remove=("C2Ca",), add=("C2Cc",))).then(removed(1, "One", "C2Ca"), added(1, "One", "C2Cc"))


def test_what_is_removed_here_and_stays_elsewhere_makes_no_room() -> None:
    full = ONE.after(a_group("Two", "C2Ca")).under(conversations=3)
    then = full.when(update(remove=("C2Ca",), add=("C2Cc",))).then(removed(1, "One", "C2Ca"))
    then.answering("C2Ca removed", "C2Cc 51008")


def test_only_removing_or_only_adding_is_enough() -> None:
    ONE.when(update(remove=("C2Ca",))).then(removed(1, "One", "C2Ca"))
    ONE.when(update(add=("C2Cc",))).then(added(1, "One", "C2Cc"))


def test_only_what_changed_is_recorded() -> None:
    then = ONE.when(update(remove=("C2Cx", "C2Ca"), add=("C2Cb", "C2Cc")))
    then.then(removed(1, "One", "C2Ca"), added(1, "One", "C2Cc"))
    then.answering("C2Cx absent", "C2Ca removed", "C2Cb already", "C2Cc added")


def test_what_changes_nothing_records_nothing() -> None:
    ONE.when(update(remove=("C2Cx",), add=("C2Cb",))).then().answering("C2Cx absent", "C2Cb already")


def test_malformed_ones_fail_alone_in_either_list() -> None:
    then = ONE.when(update(remove=("bad", "C2Ca"), add=("worse", "C2Cc")))
    then.then(removed(1, "One", "C2Ca"), added(1, "One", "C2Cc"))
    then.answering("bad 2503", "C2Ca removed", "worse 2503", "C2Cc added")


def test_an_id_in_both_lists_is_refused_whole() -> None:
    both = update(remove=("C2Ca", "C2Cb"), add=("C2Cc", "C2Cb"))
    ONE.when(both).then_refused(InBothLists, conversation_id="C2Cb")


def test_a_malformed_id_in_both_lists_is_refused_whole_too() -> None:
    ONE.when(update(remove=("bad",), add=("bad",))).then_refused(InBothLists, conversation_id="bad")


def test_ids_that_differ_in_case_are_different() -> None:
    ONE.when(update(remove=("C2Ca",), add=("C2CA",))).then(removed(1, "One", "C2Ca"), added(1, "One", "C2CA"))


def test_a_conversation_given_twice_in_one_list_counts_once() -> None:
    then = ONE.when(update(remove=("C2Ca", "C2Ca"), add=("C2Cc", "C2Cc")))
    then.then(removed(1, "One", "C2Ca"), added(1, "One", "C2Cc")).answering("C2Ca removed", "C2Cc added")


def test_both_lists_together_name_one_to_a_hundred_malformed_ones_included() -> None:
    fifty, others = tuple(f"C2C{n}" for n in range(50)), tuple(f"GROUP{n}" for n in range(50))
    ONE.when(update(remove=(*fifty, *fifty), add=(*others, *others))).then(added(1, "One", *others))
    ONE.when(update(remove=fifty, add=(*others, "bad"))).then_refused(ConversationCount, count=101, limit=100)
    ONE.when(update(remove=(*fifty, "bad"), add=others)).then_refused(ConversationCount, count=101, limit=100)
    ONE.when(update()).then_refused(ConversationCount, count=0, limit=100)


def test_a_missing_group_is_refused_and_nothing_is_removed() -> None:
    command = UpdateConversations(group_id=9, remove=("C2Ca",), add=("C2Cc",))
    ONE.when(command).then_refused(GroupNotFound, group_id=9)


def test_a_group_is_named_by_its_id_too() -> None:
    then = ONE.when(UpdateConversations(group_id=2, remove=("C2Cz",), add=("C2Ca",)))
    then.then(removed(2, "Two", "C2Cz"), added(2, "Two", "C2Ca"))
    assert (then.outcome.group_id, then.outcome.group_name) == (2, "Two")
