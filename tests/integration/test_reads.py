"""What the reads answer, key by key."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.integration.answers import assert_problem
from tests.integration.service import Service

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def without_times(answer: Any) -> Any:
    """Take every time out of an answer, having seen that it is one of today's."""
    if isinstance(answer, list):
        return [without_times(part) for part in answer]
    if not isinstance(answer, dict):
        return answer
    for key in answer.keys() & {"createdAt", "updatedAt", "addedAt"}:
        assert INSTANT.fullmatch(answer[key])
        assert abs((datetime.now(UTC) - datetime.fromisoformat(answer[key])).total_seconds()) < 120
    return {key: without_times(part) for key, part in answer.items() if not key.endswith("At")}


@pytest.fixture
def owner(service: Service, user: str) -> str:
    """Give a user of three groups; C2Ca is in all of them, and joined them in the order 1, 3, 2."""
    service.done(user, "CreateGroup", groupName="one", conversationIDs=["C2Ca", "C2Cb"])
    service.done(user, "CreateGroup", groupName="two", conversationIDs=["GROUPc"])
    service.done(user, "CreateGroup", groupName="three", conversationIDs=["C2Ca"])
    service.done(user, "AddConversations", groupID=2, conversationIDs=["C2Ca"])
    return user


def test_the_list_of_groups(service: Service, owner: str) -> None:
    answer = service.read(owner, "groups")
    log = service.store.log.log_id().hex
    assert without_times(answer) == {
        "revision": 7,
        "cursor": f"{log}-7",
        "groups": [
            {"groupID": 1, "groupName": "one", "conversationCount": 2},
            {"groupID": 2, "groupName": "two", "conversationCount": 2},
            {"groupID": 3, "groupName": "three", "conversationCount": 1},
        ],
    }
    one, two, _ = answer["groups"]
    assert one["createdAt"] <= one["updatedAt"] <= two["createdAt"] < two["updatedAt"]


def test_one_group_has_its_conversations_in_the_order_they_were_added(service: Service, owner: str) -> None:
    service.done(owner, "UpdateConversations", groupID=1, remove=["C2Ca"], add=["C2Cz", "C2Cy"])
    service.done(owner, "AddConversations", groupID=1, conversationIDs=["C2Ca"])
    assert without_times(service.read(owner, "groups/1")) == {
        "revision": 10,
        "cursor": f"{service.store.log.log_id().hex}-10",
        "groupID": 1,
        "groupName": "one",
        "conversationCount": 4,
        "conversationIDs": ["C2Cb", "C2Cz", "C2Cy", "C2Ca"],
    }


@pytest.mark.parametrize("target", ["groups/4", "conversations?groupID=4", "conversations?groupName=four"])
def test_a_group_that_is_not_there_is_not_found(service: Service, owner: str, target: str) -> None:
    named = {"groupName": "four"} if "groupName" in target else {"groupID": 4}
    assert_problem(service.client.get(f"/v1/users/{owner}/{target}"), 404, "group-not-found", 51009, **named)


def test_the_conversations_of_all_groups(service: Service, owner: str) -> None:
    assert without_times(service.read(owner, "conversations")) == {
        "revision": 7,
        "conversations": [
            {"conversationID": "C2Ca", "conversationGroupList": ["one", "three", "two"]},
            {"conversationID": "C2Cb", "conversationGroupList": ["one"]},
            {"conversationID": "GROUPc", "conversationGroupList": ["two"]},
        ],
        "next": None,
    }


@pytest.mark.parametrize("which", [{"groupID": 2}, {"groupName": "two"}])
def test_the_conversations_of_one_group(service: Service, owner: str, which: dict[str, Any]) -> None:
    answer = service.read(owner, "conversations", **which)
    group = service.read(owner, "groups/2")
    assert [one["addedAt"] for one in answer["conversations"]] == [group["createdAt"], group["updatedAt"]]
    assert without_times(answer) == {
        "revision": 7,
        "conversations": [
            {"conversationID": "GROUPc", "conversationGroupList": ["two"]},
            {"conversationID": "C2Ca", "conversationGroupList": ["one", "three", "two"]},
        ],
        "next": None,
    }


def test_added_at_is_the_earliest_membership_that_stands(service: Service, owner: str) -> None:
    added = {one["conversationID"]: one["addedAt"] for one in service.read(owner, "conversations")["conversations"]}
    assert added["C2Ca"] == service.read(owner, "groups/1")["createdAt"]
    service.done(owner, "DeleteGroup", groupID=1)
    conversations = service.read(owner, "conversations")["conversations"]
    assert [one["conversationID"] for one in conversations] == ["GROUPc", "C2Ca"]
    assert conversations[1]["addedAt"] == service.read(owner, "groups/3")["createdAt"]
    assert conversations[1]["conversationGroupList"] == ["three", "two"]


def test_a_group_by_name_and_by_id_is_one_question_too_many(service: Service, owner: str) -> None:
    response = service.client.get(f"/v1/users/{owner}/conversations?groupName=one&groupID=1")
    assert_problem(response, 400, "malformed", 50002)


def test_a_name_in_a_query_is_compared_byte_by_byte(service: Service, user: str) -> None:
    for n, name in enumerate([" a&b=c/d", "a&b=c/d", "é", "e\u0301", "组"]):
        service.done(user, "CreateGroup", groupName=name, conversationIDs=[f"C2C{n}"])
        found = service.read(user, "conversations", groupName=name)["conversations"]
        assert [one["conversationID"] for one in found] == [f"C2C{n}"]


def lookup(service: Service, user: str, ids: list[str]) -> httpx.Response:
    return service.client.post(f"/v1/users/{user}/conversations/lookup", json={"conversationIDs": ids})


def test_a_lookup_answers_in_the_order_asked_also_twice(service: Service, owner: str) -> None:
    asked = ["GROUPc", "C2Cnone", "nonsense", "", "C2Ca", "GROUPc", "c2ca"]
    response = lookup(service, owner, asked)
    assert (response.status_code, "ETag" in response.headers) == (200, False)
    assert response.json() == {
        "revision": 7,
        "conversations": [
            {"conversationID": "GROUPc", "conversationGroupList": ["two"]},
            {"conversationID": "C2Cnone", "conversationGroupList": []},
            {"conversationID": "nonsense", "conversationGroupList": []},
            {"conversationID": "", "conversationGroupList": []},
            {"conversationID": "C2Ca", "conversationGroupList": ["one", "three", "two"]},
            {"conversationID": "GROUPc", "conversationGroupList": ["two"]},
            {"conversationID": "c2ca", "conversationGroupList": []},
        ],
    }
    assert lookup(service, owner, []).json() == {"revision": 7, "conversations": []}


def test_a_renamed_group_is_named_anew_everywhere(service: Service, owner: str) -> None:
    service.done(owner, "RenameGroup", groupID=3, newName="drei")
    assert service.names(owner) == ["one", "two", "drei"]
    found = lookup(service, owner, ["C2Ca"]).json()["conversations"]
    assert found[0]["conversationGroupList"] == ["one", "drei", "two"]


def test_the_order_of_groups_does_not_order_the_groups_of_a_conversation(service: Service, owner: str) -> None:
    service.done(owner, "ReorderGroup", groupID=3, before=1)
    service.done(owner, "CreateGroup", groupName="four")
    service.done(owner, "ReorderGroup", groupID=1, before=None)
    assert service.names(owner) == ["three", "two", "four", "one"]
    assert lookup(service, owner, ["C2Ca"]).json()["conversations"][0]["conversationGroupList"] == [
        "one",
        "three",
        "two",
    ]


def test_moving_a_group_is_no_change_of_it(service: Service, owner: str) -> None:
    before = service.read(owner, "groups/3")
    service.done(owner, "ReorderGroup", groupID=3, before=1)
    after = service.read(owner, "groups/3")
    assert (after["updatedAt"], after["revision"]) == (before["updatedAt"], before["revision"] + 1)


def test_a_user_nobody_wrote_for_has_nothing_at_revision_0(service: Service, user: str) -> None:
    cursor = f"{service.store.log.log_id().hex}-0"
    assert service.read(user, "groups") == {"revision": 0, "cursor": cursor, "groups": []}
    assert service.read(user, "conversations") == {"revision": 0, "conversations": [], "next": None}
    assert service.read(user, "history") == {"revision": 0, "events": [], "next": None}
    assert lookup(service, user, ["C2Ca"]).json()["revision"] == 0
    assert_problem(service.client.get(f"/v1/users/{user}/groups/1"), 404, "group-not-found", 51009, groupID=1)


def test_the_limits(service: Service) -> None:
    response = service.client.get("/v1/limits")
    assert response.json() == {
        "groups": 20,
        "nameBytes": 32,
        "conversationsPerCommand": 100,
        "conversations": 1000,
        "overflow": "reject",
    }
    malformed = service.client.get("/v1/limits", headers={"App-ID": "x"})
    assert_problem(malformed, 400, "malformed-header", 50002)


@pytest.mark.parametrize(
    ("what", "parameter"),
    [("groups", "App-ID"), ("groups/1", "limit"), ("conversations", "grouId"), ("history", "before")],
)
def test_a_parameter_that_is_none_is_not_passed_over(service: Service, user: str, what: str, parameter: str) -> None:
    service.done(user, "CreateGroup", groupName="x")
    response = service.client.get(f"/v1/users/{user}/{what}", params={parameter: "1"})
    assert_problem(response, 400, "malformed", 50002)
    assert response.json()["errors"][0]["field"] == parameter


@pytest.mark.parametrize("what", ["conversations?limit=1&limit=2", "history?after=1&limit=5&after=0"])
def test_of_a_parameter_that_is_given_twice_none_is_chosen(service: Service, user: str, what: str) -> None:
    assert_problem(service.client.get(f"/v1/users/{user}/{what}"), 400, "malformed", 50002)


def test_a_dry_run_that_is_none_as_well_is_not_carried_out(service: Service, user: str) -> None:
    path = f"/v1/users/{user}/commands?dryRun=true&dryRun=false"
    assert_problem(
        service.client.post(path, json={"command": "CreateGroup", "groupName": "x"}), 400, "malformed", 50002
    )
    assert service.names(user) == []
