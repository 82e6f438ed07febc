"""Commands that are understood and not carried out: the whole answer, and nothing recorded."""

from typing import Any

import pytest

from tests.integration.answers import assert_problem
from tests.integration.service import Service

HUNDRED_AND_ONE = [f"C2C{n}" for n in range(101)]


@pytest.fixture
def owner(service: Service, user: str) -> str:
    """Give a user with two groups, Suppliers and Friends, at revision 3."""
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
    service.done(user, "CreateGroup", groupName="Friends")
    return user


@pytest.mark.parametrize(
    ("status", "kind", "code", "facts", "command", "fields"),
    [
        (404, "group-not-found", 51009, {"groupName": "x"}, "DeleteGroup", {"groupName": "x"}),
        (404, "group-not-found", 51009, {"groupID": 7}, "DeleteGroup", {"groupID": 7}),
        (404, "group-not-found", 51009, {"groupID": 7}, "RenameGroup", {"groupID": 7, "newName": "y"}),
        (404, "group-not-found", 51009, {"groupID": 7}, "AddConversations", {"groupID": 7, "conversationIDs": ["C2C"]}),
        (404, "group-not-found", 51009, {"groupID": 7}, "RemoveConversations", {"groupID": 7, "conversationIDs": [""]}),
        (404, "group-not-found", 51009, {"groupID": 7}, "UpdateConversations", {"groupID": 7, "add": ["C2Cb"]}),
        (404, "group-not-found", 51009, {"groupID": 7}, "ReorderGroup", {"groupID": 7, "before": None}),
        (404, "group-not-found", 51009, {"groupID": 9}, "ReorderGroup", {"groupID": 1, "before": 9}),
        (
            409,
            "revision-conflict",
            None,
            {"expectedRevision": 2, "currentRevision": 3},
            "DeleteGroup",
            {"groupID": 1, "expectedRevision": 2},
        ),
        (
            422,
            "group-name-taken",
            50002,
            {"groupName": "Friends", "groupID": 2},
            "RenameGroup",
            {"groupID": 1, "newName": "Friends"},
        ),
        (422, "group-name-length", 51011, {"length": 0, "limit": 32}, "CreateGroup", {"groupName": ""}),
        (422, "group-name-length", 51011, {"length": 33, "limit": 32}, "CreateGroup", {"groupName": "x" * 33}),
        (422, "group-name-length", 51011, {"length": 33, "limit": 32}, "CreateGroup", {"groupName": "组" * 11}),
        (422, "group-name-length", 51011, {"length": 33}, "RenameGroup", {"groupID": 1, "newName": "x" * 33}),
        (422, "control-characters", 50002, {"groupName": "a\nb"}, "CreateGroup", {"groupName": "a\nb"}),
        (422, "control-characters", 50002, {"groupName": "a\x85"}, "RenameGroup", {"groupID": 1, "newName": "a\x85"}),
        (422, "in-both-lists", 50002, {"conversationID": "C2Ca"}, "UpdateConversations", {"groupID": 1, "both": 1}),
        (
            422,
            "conversation-count",
            51006,
            {"count": 101, "limit": 100},
            "CreateGroup",
            {"groupName": "new", "conversationIDs": HUNDRED_AND_ONE},
        ),
        (422, "conversation-count", 51006, {"count": 0}, "AddConversations", {"groupID": 1, "conversationIDs": []}),
        (422, "conversation-count", 51006, {"count": 0}, "RemoveConversations", {"groupID": 1, "conversationIDs": []}),
        (422, "conversation-count", 51006, {"count": 0}, "UpdateConversations", {"groupID": 1}),
        (
            422,
            "conversation-count",
            51006,
            {"count": 101},
            "UpdateConversations",
            {"groupID": 1, "remove": HUNDRED_AND_ONE[:50], "add": HUNDRED_AND_ONE[50:]},
        ),
    ],
)
def test_a_rule_of_the_product_refuses_with_its_code(
    service: Service, owner: str, status: int, kind: str, code: int | None, facts: Any, command: str, fields: Any
) -> None:
    if fields.pop("both", None):
        fields = {**fields, "remove": ["C2Ca"], "add": ["C2Cb", "C2Ca"]}
    head = service.head()
    assert_problem(service.send(owner, command, **fields), status, kind, code, **facts)
    assert_problem(service.send(owner, command, **fields, dry_run=True), status, kind, code, **facts)
    assert service.head() == head


@pytest.mark.parametrize("name", ["x" * 32, "组" * 10 + "ab", " ", "a/b", "'\"<>"])
def test_a_name_of_up_to_32_bytes_is_fine(service: Service, user: str, name: str) -> None:
    assert service.done(user, "CreateGroup", groupName=name)["groupName"] == name
    assert service.names(user) == [name]


def test_the_21st_group_is_refused(service: Service, user: str) -> None:
    for n in range(20):
        service.done(user, "CreateGroup", groupName=f"group {n}")
    assert_problem(service.send(user, "CreateGroup", groupName="one more"), 422, "too-many-groups", 51010, limit=20)
    assert len(service.names(user)) == 20
    service.done(user, "CreateGroup", groupName="group 7", conversationIDs=["C2Ca"])


def test_the_1001st_conversation_is_refused_alone(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="many")
    for hundred in range(10):
        ids = [f"C2C{hundred}-{n}" for n in range(100)]
        service.done(user, "AddConversations", groupID=1, conversationIDs=ids)
    answer = service.done(user, "CreateGroup", groupName="more", conversationIDs=["C2Cnew", "C2C0-0"])
    assert answer["successConversationIDList"] == ["C2C0-0"]
    assert [(failure["conversationID"], failure["code"]) for failure in answer["failureConversationIDList"]] == [
        ("C2Cnew", 51008)
    ]
    assert "1000" in answer["failureConversationIDList"][0]["message"]


def test_the_expected_revision_lets_a_command_pass_once(service: Service, owner: str) -> None:
    fields: Any = {"groupID": 1, "newName": "Vendors", "expectedRevision": 3}
    assert service.done(owner, "RenameGroup", **fields)["revision"] == 4
    assert_problem(service.send(owner, "RenameGroup", **fields), 409, "revision-conflict", None, currentRevision=4)


def test_the_expected_revision_may_be_zero(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="first", expectedRevision=0)
    response = service.send(user, "CreateGroup", groupName="second", expectedRevision=0)
    assert_problem(response, 409, "revision-conflict", None, currentRevision=1, expectedRevision=0)
