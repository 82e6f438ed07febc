"""Commands are read from JSON, strictly."""

import json

import pytest
from pydantic import ValidationError

from domain.commands import (
    AddConversations,
    Command,
    CreateGroup,
    DeleteGroup,
    RemoveConversations,
    RenameGroup,
    ReorderGroup,
    UpdateConversations,
    parse_command,
)

GOOD: list[tuple[str, Command]] = [
    (
        '{"command": "CreateGroup", "groupName": "Suppliers", "conversationIDs": ["GROUPtest", "C2Cexample"]}',
        CreateGroup(group_name="Suppliers", conversation_ids=("GROUPtest", "C2Cexample")),
    ),
    ('{"command": "CreateGroup", "groupName": "产品体验"}', CreateGroup(group_name="产品体验")),
    ('{"command": "DeleteGroup", "groupName": "Suppliers"}', DeleteGroup(group_name="Suppliers")),
    ('{"command": "DeleteGroup", "groupID": 9007199254740991}', DeleteGroup(group_id=2**53 - 1)),
    (
        '{"command": "RenameGroup", "groupName": "Suppliers", "newName": "Vendors"}',
        RenameGroup(group_name="Suppliers", new_name="Vendors"),
    ),
    (
        '{"command": "AddConversations", "groupID": 1, "conversationIDs": ["C2Cbob"]}',
        AddConversations(group_id=1, conversation_ids=("C2Cbob",)),
    ),
    (
        '{"command": "RemoveConversations", "groupID": 1, "conversationIDs": ["C2Cbob"]}',
        RemoveConversations(group_id=1, conversation_ids=("C2Cbob",)),
    ),
    (
        '{"command": "UpdateConversations", "groupID": 1, "remove": ["C2Cbob"], "add": ["C2Ceve"]}',
        UpdateConversations(group_id=1, remove=("C2Cbob",), add=("C2Ceve",)),
    ),
    ('{"command": "UpdateConversations", "groupID": 1}', UpdateConversations(group_id=1)),
    ('{"command": "ReorderGroup", "groupID": 3, "before": 1}', ReorderGroup(group_id=3, before=1)),
    ('{"command": "ReorderGroup", "groupName": "", "before": null}', ReorderGroup(group_name="", before=None)),
    (
        '{"command": "DeleteGroup", "groupID": 1, "expectedRevision": 0}',
        DeleteGroup(group_id=1, expected_revision=0),
    ),
]

BAD = {
    "not JSON": "{",
    "not an object": "[]",
    "no command": '{"groupName": "x"}',
    "an unknown command": '{"command": "MergeGroups", "groupName": "x"}',
    "a command in another case": '{"command": "createGroup", "groupName": "x"}',
    "a lone surrogate": r'{"command": "CreateGroup", "groupName": "\ud800"}',
    "a lone surrogate in an ID": r'{"command": "CreateGroup", "groupName": "x", "conversationIDs": ["C2C\udfff"]}',
    "bytes that are no UTF-8": b'{"command": "CreateGroup", "groupName": "\xff"}',
    "no name to create": '{"command": "CreateGroup"}',
    "null for a name": '{"command": "CreateGroup", "groupName": null}',
    "a number for a name": '{"command": "CreateGroup", "groupName": 7}',
    "null for conversations": '{"command": "CreateGroup", "groupName": "x", "conversationIDs": null}',
    "a text for conversations": '{"command": "CreateGroup", "groupName": "x", "conversationIDs": "C2Ca"}',
    "a number for a conversation": '{"command": "CreateGroup", "groupName": "x", "conversationIDs": [1]}',
    "an ID to create with": '{"command": "CreateGroup", "groupName": "x", "groupID": 1}',
    "no new name": '{"command": "RenameGroup", "groupID": 1}',
    "no conversations to add": '{"command": "AddConversations", "groupID": 1}',
    "no conversations to remove": '{"command": "RemoveConversations", "groupID": 1}',
    "no place to move to": '{"command": "ReorderGroup", "groupID": 1}',
    "a negative place": '{"command": "ReorderGroup", "groupID": 1, "before": -1}',
    "a place of zero": '{"command": "ReorderGroup", "groupID": 1, "before": 0}',
    "a negative revision": '{"command": "DeleteGroup", "groupID": 1, "expectedRevision": -1}',
    "a revision as text": '{"command": "DeleteGroup", "groupID": 1, "expectedRevision": "1"}',
    "a revision too large": '{"command": "DeleteGroup", "groupID": 1, "expectedRevision": 9007199254740992}',
    "both name and ID": '{"command": "DeleteGroup", "groupName": "x", "groupID": 1}',
    "neither name nor ID": '{"command": "DeleteGroup"}',
    "null for both": '{"command": "DeleteGroup", "groupName": null, "groupID": null}',
}


@pytest.mark.parametrize(("text", "command"), GOOD, ids=[text for text, _ in GOOD])
def test_a_command_is_read_from_its_json_and_written_to_the_same(text: str, command: Command) -> None:
    assert parse_command.validate_json(text) == command
    assert parse_command.validate_json(command.to_json()) == command
    assert json.loads(text).items() <= json.loads(command.to_json()).items()


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_command_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValidationError):
        parse_command.validate_json(text)


@pytest.mark.parametrize("value", ['"1"', "true", "1.0", "1.5", "1e0", "1" + "0" * 30, "9007199254740992", "0", "-1"])
def test_a_group_id_is_a_whole_number_from_1_to_2_to_the_53_less_1(value: str) -> None:
    for text in (
        f'{{"command": "DeleteGroup", "groupID": {value}}}',
        f'{{"command": "ReorderGroup", "groupID": {value}, "before": null}}',
        f'{{"command": "ReorderGroup", "groupID": 1, "before": {value}}}',
    ):
        with pytest.raises(ValidationError):
            parse_command.validate_json(text)


@pytest.mark.parametrize(("text", "command"), GOOD, ids=[text for text, _ in GOOD])
def test_an_unknown_field_is_refused(text: str, command: Command) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        parse_command.validate_json(json.dumps({**json.loads(text), "colour": "red"}))


@pytest.mark.parametrize(("text", "command"), GOOD[2:], ids=[text for text, _ in GOOD[2:]])
def test_a_group_is_named_by_exactly_one_of_name_and_id(text: str, command: Command) -> None:
    fields = json.loads(text)
    neither = {name: value for name, value in fields.items() if name not in ("groupName", "groupID")}
    for wrong in (neither, {"groupName": "x", "groupID": 1, **fields}):
        with pytest.raises(ValidationError, match="exactly one of groupName and groupID"):
            parse_command.validate_json(json.dumps(wrong))


def test_a_command_tells_how_it_names_its_group() -> None:
    assert DeleteGroup(group_name="").group == ""
    assert DeleteGroup(group_id=7).group == 7
