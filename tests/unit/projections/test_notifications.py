"""What a user's devices are told: a function of what one command recorded, and of the groups behind it."""

from typing import Any
from uuid import UUID

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
from domain.groups import UserConversationGroups
from projections.notifications import (
    CONVERSATION_LIST,
    GROUP_LIST,
    IN_GROUP,
    Telling,
    snapshot,
    whole_commands,
)
from tests.unit.domain.changes import added, created, removed
from tests.unit.domain.scenario import STAMP, Given, a_group, given
from tests.unit.projections.recorded import entries_of, recorded

Told = tuple[str, Any]


def group_list(*names: str) -> Told:
    return GROUP_LIST, list(names)


def conversations(**lists: list[str]) -> Told:
    return CONVERSATION_LIST, [
        {"conversationID": conversation_id, "conversationGroupList": names} for conversation_id, names in lists.items()
    ]


def in_group(group_name: str, **lists: list[str]) -> Told:
    return IN_GROUP, {"groupName": group_name, "conversationList": conversations(**lists)[1]}


def told(before: Given, command: Command) -> list[Told]:
    decision = before.when(command).decision
    assert decision is not None
    frames = list(Telling(before.state).tell(decision.events))
    assert [frame.revision for frame in frames] == [decision.state.revision][: len(decision.events)]
    return [(one["name"], one["data"]) for frame in frames for one in frame.data["notifications"]]


FAMILY = given(a_group("Family", "C2Cmum", "C2Cdad"))
TWO = FAMILY.after(a_group("Work", "C2Cdad", "GROUPteam"))


def test_a_group_created_empty_is_in_the_list() -> None:
    assert told(FAMILY, a_group("产品体验")) == [group_list("Family", "产品体验")]


def test_a_group_created_with_conversations_is_in_the_list_and_in_theirs() -> None:
    assert told(FAMILY, a_group("Work", "C2Cdad", "C2Cboss")) == [
        group_list("Family", "Work"),
        conversations(C2Cdad=["Family", "Work"], C2Cboss=["Work"]),
    ]


def test_creating_onto_an_existing_name_tells_what_adding_does() -> None:
    create = CreateGroup(group_name="Family", conversation_ids=("C2Csis",))
    add = AddConversations(group_name="Family", conversation_ids=("C2Csis",))
    assert told(FAMILY, create) == told(FAMILY, add)


def test_a_group_deleted_leaves_the_list_and_those_of_its_conversations() -> None:
    assert told(TWO, DeleteGroup(group_name="Family")) == [
        group_list("Work"),
        conversations(C2Cmum=[], C2Cdad=["Work"]),
    ]


def test_a_group_deleted_empty_leaves_the_list() -> None:
    assert told(given(a_group("A"), a_group("B")), DeleteGroup(group_name="A")) == [group_list("B")]


def test_a_group_renamed_has_its_new_name_in_every_list_and_its_place() -> None:
    assert told(TWO, RenameGroup(group_name="Family", new_name="Home")) == [
        group_list("Home", "Work"),
        conversations(C2Cmum=["Home"], C2Cdad=["Home", "Work"]),
    ]


def test_a_group_renamed_empty_has_its_new_name_in_the_list() -> None:
    assert told(given(a_group("A")), RenameGroup(group_name="A", new_name="B")) == [group_list("B")]


def test_groups_reordered_are_told_in_their_new_order() -> None:
    assert told(TWO, ReorderGroup(group_name="Work", before=1)) == [group_list("Work", "Family")]


def test_conversations_added_are_told_with_all_that_is_in_the_group() -> None:
    assert told(TWO, AddConversations(group_name="Work", conversation_ids=("C2Cmum", "C2Cdad"))) == [
        conversations(C2Cmum=["Family", "Work"]),
        in_group("Work", C2Cdad=["Family", "Work"], GROUPteam=["Work"], C2Cmum=["Family", "Work"]),
    ]


def test_the_last_conversation_removed_leaves_an_empty_group() -> None:
    one = given(a_group("A", "C2Ca"))
    assert told(one, RemoveConversations(group_name="A", conversation_ids=("C2Ca",))) == [
        conversations(C2Ca=[]),
        in_group("A"),
    ]


def test_an_update_tells_what_left_and_what_joined_as_one() -> None:
    assert told(TWO, UpdateConversations(group_name="Family", remove=("C2Cmum",), add=("C2Csis",))) == [
        conversations(C2Cmum=[], C2Csis=["Family"]),
        in_group("Family", C2Cdad=["Family", "Work"], C2Csis=["Family"]),
    ]


def test_what_is_evicted_is_told_for_each_group_that_it_left() -> None:
    full = TWO.under(conversations=3, overflow="evict-oldest")
    assert told(full, AddConversations(group_name="Work", conversation_ids=("C2Cnew", "C2Cnewer"))) == [
        conversations(C2Cmum=[], C2Cdad=[], C2Cnew=["Work"], C2Cnewer=["Work"]),
        in_group("Family"),
        in_group("Work", GROUPteam=["Work"], C2Cnew=["Work"], C2Cnewer=["Work"]),
    ]


def test_what_is_evicted_for_a_new_group_is_told_beside_the_list_and_not_for_the_new_group() -> None:
    full = TWO.under(conversations=3, overflow="evict-oldest")
    assert told(full, a_group("New", "C2Cnew")) == [
        group_list("Family", "Work", "New"),
        conversations(C2Cmum=[], C2Cnew=["New"]),
        in_group("Family", C2Cdad=["Family", "Work"]),
    ]


@pytest.mark.parametrize(
    "command",
    [
        AddConversations(group_name="Family", conversation_ids=("C2Cmum",)),
        RemoveConversations(group_name="Family", conversation_ids=("C2Cnobody",)),
        RenameGroup(group_name="Family", new_name="Family"),
        CreateGroup(group_name="Family"),
    ],
    ids=lambda command: command.command,
)
def test_nothing_recorded_is_nothing_told(command: Command) -> None:
    assert told(FAMILY, command) == []


def test_a_frame_says_by_which_command_and_device_and_up_to_which_revision() -> None:
    [frame] = Telling(UserConversationGroups()).tell(recorded(created(1, "A"), added(1, "A", "C2Ca")))
    assert (frame.revision, frame.kind) == (2, "change")
    del frame.data["notifications"]
    assert frame.data == {"revision": 2, "commandID": str(STAMP["command_id"]), "device": "phone"}


def test_each_command_has_a_frame_of_its_own_with_the_groups_as_they_were_then() -> None:
    events = recorded(created(1, "A"), added(1, "A", "C2Ca"), removed(1, "A", "C2Ca"))
    events[2] = events[2].model_copy(update={"command_id": UUID(int=2)})
    telling = Telling(UserConversationGroups())
    first = next(telling.tell(events))
    assert (first.revision, list(telling.state.groups[1].joined)) == (2, ["C2Ca"])
    [second] = telling.tell(events[2:])
    assert second.data["notifications"][1]["data"] == {"groupName": "A", "conversationList": []}
    assert (second.revision, telling.state.revision) == (3, 3)


def test_a_snapshot_tells_the_groups_in_order_and_the_conversations_the_earliest_first() -> None:
    moved = TWO.after(ReorderGroup(group_name="Work", before=1))
    again = moved.after(
        AddConversations(group_name="Work", conversation_ids=("C2Cmum",)),
        RemoveConversations(group_name="Work", conversation_ids=("C2Cmum",)),
    )
    frame = snapshot(again.state)
    assert (frame.revision, frame.kind) == (again.state.revision, "snapshot")
    assert frame.data == {
        "revision": again.state.revision,
        "groups": [
            {"groupID": 2, "groupName": "Work", "conversationIDs": ["C2Cdad", "GROUPteam"]},
            {"groupID": 1, "groupName": "Family", "conversationIDs": ["C2Cmum", "C2Cdad"]},
        ],
        "conversations": conversations(C2Cmum=["Family"], C2Cdad=["Family", "Work"], GROUPteam=["Work"])[1],
    }


def test_of_a_full_page_the_last_command_is_left_for_the_next_one() -> None:
    entries = entries_of(created(1, "A"), created(2, "B"), added(2, "B", "C2Ca"))
    first = entries[0]._replace(event=entries[0].event.model_copy(update={"command_id": UUID(int=2)}))
    page = [first, *entries[1:]]
    assert whole_commands(page, 3) == [first]
    assert whole_commands(page, 4) == page
    assert whole_commands([], 4) == []
