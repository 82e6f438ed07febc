"""What a request's headers say, as the history tells it."""

import re
from typing import Any
from uuid import UUID

import pytest

from tests.integration.service import Service

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_each_event_tells_who_did_it_and_by_which_command(service: Service, user: str) -> None:
    headers = [
        (b"Device-ID", "手机 1".encode()),
        (b"Correlation-ID", "auftrag-ü".encode()),
        (b"traceparent", TRACE.encode()),
        (b"App-ID", b"1400000000"),
    ]
    answer = service.send(user, "CreateGroup", groupName="组", conversationIDs=["C2Ca"], headers=headers).json()
    created, added = service.history(user)
    command_id = created["commandID"]
    common = {
        "sdkAppID": 1400000000,
        "userID": user,
        "actor": user,
        "device": "手机 1",
        "command": "CreateGroup",
        "commandID": command_id,
        "correlationID": "auftrag-ü",
        "causationID": command_id,
        "traceparent": TRACE,
        "groupID": 1,
        "groupName": "组",
    }
    positions = [event.pop("position") for event in (created, added)]
    for event, kind, told in ((created, "group-created", 0), (added, "conversations-added", 1)):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event.pop("recordedAt"))
        own = {"eventID": answer["events"][told]["eventID"], "revision": told + 1}
        ids = {"conversationIDs": ["C2Ca"]} if told else {}
        assert event == {**common, **own, **ids, "type": f"conversation-groups.{kind}.v1"}
    UUID(command_id)
    assert all(re.fullmatch(r"[0-9]{20}", position) for position in positions)
    assert int(positions[1]) == int(positions[0]) + 1


def test_without_headers_the_command_id_correlates_and_the_rest_is_null(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers")
    [event] = service.history(user)
    assert (event["device"], event["traceparent"]) == (None, None)
    assert event["correlationID"] == event["commandID"]


def test_empty_notes_are_none(service: Service, user: str) -> None:
    headers = {"Device-ID": "", "Correlation-ID": ""}
    assert service.send(user, "CreateGroup", groupName="Suppliers", headers=headers).status_code == 200
    [event] = service.history(user)
    assert (event["device"], event["correlationID"]) == (None, event["commandID"])


@pytest.mark.parametrize(
    "malformed",
    [
        "nonsense",
        TRACE.upper(),
        TRACE + "-00",
        TRACE[:-1],
        "ff" + TRACE[2:],
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
def test_a_malformed_traceparent_is_passed_over(service: Service, user: str, malformed: str) -> None:
    response = service.send(user, "CreateGroup", groupName="Suppliers", headers={"traceparent": malformed})
    assert response.status_code == 200
    assert service.history(user)[0]["traceparent"] is None


def test_notes_of_128_characters_are_taken_whole(service: Service, user: str) -> None:
    note = "备" * 128
    headers = [(b"Device-ID", note.encode()), (b"Correlation-ID", note.encode())]
    assert service.send(user, "CreateGroup", groupName="Suppliers", headers=headers).status_code == 200
    [event] = service.history(user)
    assert (event["device"], event["correlationID"]) == (note, note)


def test_apps_do_not_see_each_others_users(service: Service, user: str) -> None:
    other = {"App-ID": "1400000001"}
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
    assert service.send(user, "CreateGroup", groupName="Others", headers=other).json()["groupID"] == 1
    assert service.names(user) == ["Suppliers"]
    path = f"/v1/users/{user}"

    def elsewhere(what: str) -> Any:
        return service.client.get(f"{path}/{what}", headers=other).json()

    assert [group["groupName"] for group in elsewhere("groups")["groups"]] == ["Others"]
    assert elsewhere("conversations") == {"revision": 1, "conversations": [], "next": None}
    assert [event["sdkAppID"] for event in elsewhere("history")["events"]] == [1400000001]
    lookup = {"conversationIDs": ["C2Ca"]}
    found = service.client.post(f"{path}/conversations/lookup", json=lookup, headers=other).json()
    assert found["conversations"] == [{"conversationID": "C2Ca", "conversationGroupList": []}]


def test_users_do_not_see_each_other(service: Service, user: str) -> None:
    other = f"{user}-2"
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
    assert service.read(other, "groups") | {"cursor": ""} == {"revision": 0, "cursor": "", "groups": []}
    assert service.read(other, "conversations")["conversations"] == []
    assert service.history(other) == []
    assert service.client.get(f"/v1/users/{other}/groups/1").status_code == 404
    assert service.send(other, "DeleteGroup", groupName="Suppliers").status_code == 404
    assert service.names(user) == ["Suppliers"]
