"""The overflow policy `evict-oldest`: the conversations that came first make room for those that come."""

from domain.commands import AddConversations, Command, RemoveConversations, ReorderGroup, UpdateConversations
from tests.unit.domain.changes import added, created, evicted, removed
from tests.unit.domain.scenario import Given, a_group, given


def add(group_name: str, *conversation_ids: str) -> Command:
    return AddConversations(group_name=group_name, conversation_ids=conversation_ids)


def remove(group_name: str, *conversation_ids: str) -> Command:
    return RemoveConversations(group_name=group_name, conversation_ids=conversation_ids)


def evicting_over(limit: int, past: Given) -> Given:
    return past.under(conversations=limit, overflow="evict-oldest")


ONE = given(a_group("One", "C2Ca", "C2Cb", "C2Cc"))


def test_nothing_is_evicted_while_there_is_room() -> None:
    evicting_over(4, ONE).when(add("One", "C2Cd")).then(added(1, "One", "C2Cd")).evicting()


def test_the_oldest_leave_before_the_new_ones_come() -> None:
    then = evicting_over(3, ONE).when(add("One", "C2Cd", "C2Ce"))
    then.then(evicted(1, "One", "C2Ca", "C2Cb"), added(1, "One", "C2Cd", "C2Ce"))
    then.answering("C2Cd added", "C2Ce added").evicting("C2Ca", "C2Cb")
    assert then.given.lists() == {"One": ["C2Cc", "C2Cd", "C2Ce"]}


def test_only_as_many_leave_as_are_missing() -> None:
    then = evicting_over(4, ONE).when(add("One", "C2Cd", "C2Ce"))
    then.then(evicted(1, "One", "C2Ca"), added(1, "One", "C2Cd", "C2Ce")).evicting("C2Ca")


def test_with_the_policy_reject_nothing_is_ever_evicted() -> None:
    ONE.under(conversations=3, overflow="reject").when(add("One", "C2Cd")).then().answering("C2Cd 51008").evicting()


def test_an_evicted_one_leaves_all_its_groups_each_recorded_once_in_list_order() -> None:
    past = given(a_group("One", "C2Ca"), a_group("Two", "C2Ca", "C2Cb"), a_group("Three", "C2Cb", "C2Cc", "C2Ca"))
    moved = past.after(ReorderGroup(group_name="Three", before=1))
    then = evicting_over(3, moved).when(add("One", "C2Cd", "C2Ce"))
    then.then(
        evicted(3, "Three", "C2Ca", "C2Cb"),
        evicted(1, "One", "C2Ca"),
        evicted(2, "Two", "C2Ca", "C2Cb"),
        added(1, "One", "C2Cd", "C2Ce"),
    ).evicting("C2Ca", "C2Cb")
    assert then.given.lists() == {"Three": ["C2Cc"], "One": ["C2Cd", "C2Ce"], "Two": []}


def test_the_event_names_what_left_oldest_first_whatever_its_order_in_the_group() -> None:
    past = given(a_group("One", "C2Cold"), a_group("Two", "C2Cnew", "C2Cold"))
    evicting_over(2, past).when(add("Two", "C2Cx", "C2Cy")).then(
        evicted(1, "One", "C2Cold"), evicted(2, "Two", "C2Cold", "C2Cnew"), added(2, "Two", "C2Cx", "C2Cy")
    )


def test_age_is_the_earliest_membership_that_still_stands() -> None:
    past = given(a_group("One", "C2Ca", "C2Cb"), a_group("Two", "C2Ca"))
    evicting_over(2, past).when(add("Two", "C2Cc")).evicting("C2Ca")
    younger = past.after(remove("One", "C2Ca"))
    evicting_over(2, younger).when(add("Two", "C2Cc")).evicting("C2Cb")


def test_leaving_a_later_group_makes_no_younger() -> None:
    past = given(a_group("One", "C2Ca", "C2Cb"), a_group("Two", "C2Ca"), remove("Two", "C2Ca"))
    evicting_over(2, past).when(add("Two", "C2Cc")).evicting("C2Ca")


def test_joining_another_group_makes_no_younger() -> None:
    past = ONE.after(a_group("Two", "C2Ca"), add("One", "C2Ca"))
    evicting_over(3, past).when(add("Two", "C2Cd")).evicting("C2Ca")


def test_who_left_and_came_back_is_young() -> None:
    past = ONE.after(remove("One", "C2Ca"), add("One", "C2Ca"))
    evicting_over(3, past).when(add("One", "C2Cd")).evicting("C2Cb")


def test_of_those_that_came_together_the_one_named_first_is_older() -> None:
    past = given(a_group("One", "C2Cz", "C2Ca"))
    evicting_over(2, past).when(add("One", "C2Cx")).evicting("C2Cz")


def test_one_that_the_command_names_is_never_evicted() -> None:
    then = evicting_over(3, ONE).when(add("One", "C2Cd", "C2Ca")).answering("C2Cd added", "C2Ca already")
    then.then(evicted(1, "One", "C2Cb"), added(1, "One", "C2Cd")).evicting("C2Cb")


def test_one_that_the_command_brings_from_another_group_is_never_evicted() -> None:
    past = given(a_group("One", "C2Ca", "C2Cb"), a_group("Two"))
    then = evicting_over(2, past).when(add("Two", "C2Cd", "C2Ca")).answering("C2Cd added", "C2Ca added")
    then.then(evicted(1, "One", "C2Cb"), added(2, "Two", "C2Cd", "C2Ca")).evicting("C2Cb")


def test_one_that_the_command_removes_is_never_evicted() -> None:
    past = given(a_group("One", "C2Ca", "C2Cb"), a_group("Two", "C2Ca"))
    command = UpdateConversations(group_name="One", remove=("C2Ca",), add=("C2Cc",))
    evicting_over(2, past).when(command).then(
        removed(1, "One", "C2Ca"), evicted(1, "One", "C2Cb"), added(1, "One", "C2Cc")
    ).evicting("C2Cb")


def test_one_that_the_command_would_remove_and_that_is_elsewhere_is_never_evicted() -> None:
    past = given(a_group("One"), a_group("Two", "C2Ca", "C2Cb"))
    command = UpdateConversations(group_name="One", remove=("C2Ca",), add=("C2Cc",))
    then = evicting_over(2, past).when(command).answering("C2Ca absent", "C2Cc added")
    then.then(evicted(2, "Two", "C2Cb"), added(1, "One", "C2Cc")).evicting("C2Cb")


def test_what_a_removal_frees_is_used_before_anything_is_evicted() -> None:
    command = UpdateConversations(group_name="One", remove=("C2Cc",), add=("C2Cd", "C2Ce"))
    evicting_over(3, ONE).when(command).then(
        removed(1, "One", "C2Cc"), evicted(1, "One", "C2Ca"), added(1, "One", "C2Cd", "C2Ce")
    ).evicting("C2Ca")


def test_what_still_does_not_fit_is_refused_for_itself() -> None:
    then = evicting_over(2, given(a_group("One", "C2Ca"))).when(add("One", "C2Cb", "C2Cc", "C2Cd"))
    then.then(evicted(1, "One", "C2Ca"), added(1, "One", "C2Cb", "C2Cc")).evicting("C2Ca")
    then.answering("C2Cb added", "C2Cc added", "C2Cd 51008")


def test_where_the_command_names_all_nothing_can_make_room() -> None:
    then = evicting_over(3, ONE).when(add("One", "C2Cd", "C2Cc", "C2Cb", "C2Ca")).then().evicting()
    then.answering("C2Cd 51008", "C2Cc already", "C2Cb already", "C2Ca already")


def test_a_limit_lowered_later_is_made_good_by_the_next_one_that_comes() -> None:
    past = given(a_group("One", "C2Ca", "C2Cb", "C2Cc", "C2Cd", "C2Ce"))
    then = evicting_over(2, past).when(add("One", "C2Cx"))
    then.then(evicted(1, "One", "C2Ca", "C2Cb", "C2Cc", "C2Cd"), added(1, "One", "C2Cx"))
    assert then.evicting("C2Ca", "C2Cb", "C2Cc", "C2Cd").given.lists() == {"One": ["C2Ce", "C2Cx"]}


def test_a_limit_lowered_later_evicts_nothing_for_what_is_grouped_already() -> None:
    past = ONE.after(a_group("Two"))
    evicting_over(1, past).when(add("Two", "C2Ca")).then(added(2, "Two", "C2Ca")).evicting()


def test_nothing_is_evicted_where_that_would_not_be_enough() -> None:
    then = evicting_over(1, ONE).when(add("One", "C2Cd", "C2Cb", "C2Cc")).then().evicting()
    then.answering("C2Cd 51008", "C2Cb already", "C2Cc already")


def test_a_group_is_created_before_the_oldest_leave() -> None:
    then = evicting_over(3, ONE).when(a_group("Two", "C2Cd", "C2Cb"))
    then.then(created(2, "Two"), evicted(1, "One", "C2Ca"), added(2, "Two", "C2Cd", "C2Cb")).evicting("C2Ca")


def test_a_group_is_created_with_what_fits() -> None:
    full = evicting_over(1, given(a_group("One", "C2Ca")))
    then = full.when(a_group("Two", "C2Cb", "C2Cc")).then(
        created(2, "Two"), evicted(1, "One", "C2Ca"), added(2, "Two", "C2Cb")
    )
    then.answering("C2Cb added", "C2Cc 51008")


def test_a_malformed_one_evicts_nothing() -> None:
    evicting_over(3, ONE).when(add("One", "nonsense")).then().answering("nonsense 2503").evicting()
