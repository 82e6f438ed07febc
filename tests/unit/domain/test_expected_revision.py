"""A command may pin the revision that it was decided on."""

import pytest

from domain.commands import (
    AddConversations,
    Command,
    CreateGroup,
    DeleteGroup,
    RemoveConversations,
    RenameGroup,
    ReorderGroup,
    UpdateConversations,
)
from domain.refusals import RevisionConflict
from tests.unit.domain.scenario import a_group, given

PAST = given(a_group("One", "C2Ca"), a_group("Two"))
COMMANDS: list[Command] = [
    CreateGroup(group_name="Three"),
    DeleteGroup(group_id=1),
    RenameGroup(group_id=1, new_name="Erste"),
    AddConversations(group_id=1, conversation_ids=("C2Cb",)),
    RemoveConversations(group_id=1, conversation_ids=("C2Ca",)),
    UpdateConversations(group_id=1, add=("C2Cb",)),
    ReorderGroup(group_id=1, before=None),
]


def pinned(command: Command, revision: int) -> Command:
    return command.model_copy(update={"expected_revision": revision})


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.command)
def test_the_current_revision_lets_a_command_pass(command: Command) -> None:
    assert PAST.when(pinned(command, 3)).outcome == PAST.when(command).outcome


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.command)
@pytest.mark.parametrize("revision", [0, 2, 4])
def test_any_other_revision_is_a_conflict_that_carries_the_current_one(command: Command, revision: int) -> None:
    PAST.when(pinned(command, revision)).then_refused(RevisionConflict, expected_revision=revision, current_revision=3)


def test_a_user_without_groups_stands_at_revision_0() -> None:
    assert given().when(pinned(a_group("One"), 0)).outcome.revision == 1
    given().when(pinned(a_group("One"), 1)).then_refused(RevisionConflict, expected_revision=1, current_revision=0)


def test_a_conflict_is_answered_also_where_nothing_would_have_changed() -> None:
    same = RenameGroup(group_id=1, new_name="One", expected_revision=1)
    PAST.when(same).then_refused(RevisionConflict, expected_revision=1, current_revision=3)


def test_creating_onto_a_name_that_exists_may_be_pinned_too() -> None:
    onto = a_group("One", "C2Cb")
    PAST.when(pinned(onto, 3)).answering("C2Cb added")
    PAST.when(pinned(onto, 2)).then_refused(RevisionConflict, expected_revision=2, current_revision=3)
