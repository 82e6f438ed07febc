"""Paging: every row once, in order, and an end."""

from typing import Any

import pytest

from tests.integration.service import Service


def pages(service: Service, user: str, what: str, **params: Any) -> list[dict[str, Any]]:
    """Read page by page to the end."""
    found = [service.read(user, what, **params)]
    while found[-1]["next"] is not None:
        assert len(found) < 20, "no end"
        found.append(service.read(user, what, **params, after=found[-1]["next"]))
    return found


def ids(page: dict[str, Any]) -> list[str]:
    return [one["conversationID"] for one in page["conversations"]]


@pytest.fixture
def owner(service: Service, user: str) -> str:
    """Give a user of a group with the conversations 0 to 24, and one with 5 to 9 and 25 to 29."""
    service.done(user, "CreateGroup", groupName="one", conversationIDs=[f"C2C{n}" for n in range(25)])
    service.done(user, "CreateGroup", groupName="two", conversationIDs=[f"C2C{n}" for n in range(5, 10)])
    service.done(user, "AddConversations", groupID=2, conversationIDs=[f"C2C{n}" for n in range(25, 30)])
    return user


@pytest.mark.parametrize(
    ("which", "limit", "sizes"),
    [
        ({}, 12, [12, 12, 6]),
        ({}, 10, [10, 10, 10]),
        ({"groupID": 2}, 1, [1] * 10),
        ({"groupID": 1}, 10, [10, 10, 5]),
        ({"groupName": "one"}, 9, [9, 9, 7]),
        ({"groupID": 2}, 4, [4, 4, 2]),
        ({}, 1000, [30]),
    ],
)
def test_the_pages_hold_every_conversation_once(
    service: Service, owner: str, which: dict[str, Any], limit: int, sizes: list[int]
) -> None:
    found = pages(service, owner, "conversations", **which, limit=limit)
    assert [len(page["conversations"]) for page in found] == sizes
    whole = service.read(owner, "conversations", **which, limit=1000)
    assert [one for page in found for one in page["conversations"]] == whole["conversations"]
    assert whole["next"] is None


def test_without_a_limit_a_page_has_100(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="one", conversationIDs=[f"C2C{n}" for n in range(100)])
    assert len(pages(service, user, "conversations")) == 1
    service.done(user, "AddConversations", groupID=1, conversationIDs=["C2Clast"])
    assert [len(page["conversations"]) for page in pages(service, user, "conversations")] == [100, 1]


def test_what_changes_between_pages_shifts_nothing_else(service: Service, owner: str) -> None:
    first = service.read(owner, "conversations", groupID=1, limit=10)
    change = {"remove": ["C2C0", "C2C9", "C2C15"], "add": ["C2Cnew"]}
    service.done(owner, "UpdateConversations", groupID=1, **change)
    rest = service.read(owner, "conversations", groupID=1, limit=1000, after=first["next"])
    assert ids(rest) == [f"C2C{n}" for n in range(10, 25) if n != 15] + ["C2Cnew"]
    assert rest["revision"] == first["revision"] + 2


def test_the_history_pages_by_revision(service: Service, user: str) -> None:
    for n in range(7):
        service.done(user, "CreateGroup", groupName=str(n))
    found = pages(service, user, "history", limit=3)
    assert [[event["revision"] for event in page["events"]] for page in found] == [[1, 2, 3], [4, 5, 6], [7]]
    assert [page["next"] for page in found] == [3, 6, None]
    assert {page["revision"] for page in found} == {7}
    assert service.read(user, "history", after=7) == {"revision": 7, "events": [], "next": None}
    assert service.read(user, "history", after=2**53 - 1)["events"] == []
    assert [event["groupName"] for event in service.read(user, "history", after=5)["events"]] == ["5", "6"]


def test_the_history_has_the_events_as_they_were_recorded(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="one", conversationIDs=["C2Ca", "C2Cb"])
    service.done(user, "CreateGroup", groupName="two")
    service.done(user, "RenameGroup", groupID=2, newName="zwei")
    service.done(user, "RemoveConversations", groupID=1, conversationIDs=["C2Ca"])
    service.done(user, "ReorderGroup", groupID=2, before=1)
    service.done(user, "DeleteGroup", groupID=1)
    of_all = {
        *("eventID", "sdkAppID", "userID", "revision", "recordedAt", "actor", "device", "command", "commandID"),
        *("correlationID", "causationID", "traceparent", "type", "position"),
    }
    events = service.history(user)
    assert [{key: event[key] for key in event.keys() - of_all} for event in events] == [
        {"groupID": 1, "groupName": "one"},
        {"groupID": 1, "groupName": "one", "conversationIDs": ["C2Ca", "C2Cb"]},
        {"groupID": 2, "groupName": "two"},
        {"groupID": 2, "oldName": "two", "groupName": "zwei"},
        {"groupID": 1, "groupName": "one", "conversationIDs": ["C2Ca"], "reason": "removed"},
        {"groupID": 2, "groupName": "zwei", "order": [2, 1]},
        {"groupID": 1, "groupName": "one", "conversationIDs": ["C2Cb"]},
    ]
    assert all(of_all <= event.keys() for event in events)
    assert [event["type"].removeprefix("conversation-groups.") for event in events] == [
        "group-created.v1",
        "conversations-added.v1",
        "group-created.v1",
        "group-renamed.v1",
        "conversations-removed.v1",
        "groups-reordered.v1",
        "group-deleted.v1",
    ]
    assert [event["recordedAt"] for event in events] == sorted(event["recordedAt"] for event in events)
