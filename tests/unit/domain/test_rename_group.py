"""Rename a group: its ID and its place stay."""

from domain.commands import AddConversations, RenameGroup
from domain.refusals import GroupNameTaken, GroupNotFound
from tests.unit.domain.changes import added, created, renamed
from tests.unit.domain.scenario import a_group, given

THREE = given(a_group("One", "C2Ca"), a_group("Two", "C2Ca"), a_group("Three"))


def test_a_group_has_another_name_and_keeps_id_place_and_conversations() -> None:
    then = THREE.when(RenameGroup(group_name="One", new_name="Erste")).then(renamed(1, "One", "Erste")).answering()
    assert then.given.lists() == {"Erste": ["C2Ca"], "Two": ["C2Ca"], "Three": []}
    assert (then.outcome.group_id, then.outcome.group_name) == (1, "Erste")


def test_a_group_is_renamed_by_id() -> None:
    THREE.when(RenameGroup(group_id=2, new_name="Zwei")).then(renamed(2, "Two", "Zwei"))


def test_the_same_name_is_a_success_that_records_nothing() -> None:
    for same in (RenameGroup(group_name="Two", new_name="Two"), RenameGroup(group_id=2, new_name="Two")):
        then = THREE.when(same).then()
        assert (then.outcome.group_id, then.outcome.group_name) == (2, "Two")


def test_the_name_of_another_group_is_refused() -> None:
    THREE.when(RenameGroup(group_name="One", new_name="Two")).then_refused(GroupNameTaken, group_name="Two", group_id=2)
    THREE.when(RenameGroup(group_id=3, new_name="One")).then_refused(GroupNameTaken, group_name="One", group_id=1)


def test_a_missing_group_is_refused() -> None:
    THREE.when(RenameGroup(group_name="Four", new_name="Vier")).then_refused(GroupNotFound, group_name="Four")
    THREE.when(RenameGroup(group_id=4, new_name="Vier")).then_refused(GroupNotFound, group_id=4)


def test_a_missing_group_is_refused_before_a_taken_name() -> None:
    THREE.when(RenameGroup(group_name="Four", new_name="One")).then_refused(GroupNotFound, group_name="Four")


def test_the_former_name_is_free_and_the_new_one_finds_the_group() -> None:
    past = THREE.after(RenameGroup(group_name="One", new_name="Erste"))
    past.when(a_group("One")).then(created(4, "One"))
    past.when(RenameGroup(group_name="Two", new_name="One")).then(renamed(2, "Two", "One"))
    past.when(AddConversations(group_name="Erste", conversation_ids=("C2Cb",))).then(added(1, "Erste", "C2Cb"))
    past.when(RenameGroup(group_name="One", new_name="x")).then_refused(GroupNotFound, group_name="One")
