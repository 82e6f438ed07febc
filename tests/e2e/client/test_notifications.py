"""What the user's devices are told, row by row: the one that acted and another one."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.client.device import CONVERSATIONS, IN_GROUP, NAMES, Device, Event, told
from tests.e2e.service import Service

Given = dict[str, Any]


def edit(group: str, *ids: str) -> Given:
    return {"groupName": group, "conversationIDList": list(ids)}


def in_group(group: str, *conversations: Given) -> Event:
    return IN_GROUP, {"groupName": group, "conversationList": list(conversations)}


@pytest.fixture
def prepared(phone: Device, tablet: Device) -> tuple[Device, Device]:
    """Both know two groups, with one conversation in both."""
    phone.result("createConversationGroup", edit("A", "C2Cx", "GROUPy"))
    phone.result("createConversationGroup", edit("B", "C2Cx"))
    tablet.wait_until(lambda: len(tablet.heard) == 4, "both groups")
    phone.heard.clear()
    tablet.heard.clear()
    return phone, tablet


ROWS: list[tuple[str, Any, list[Event]]] = [
    (
        "createConversationGroup",
        edit("C", "C2Cz", "C2Cx"),
        [(NAMES, ["A", "B", "C"]), (CONVERSATIONS, [told("C2Cz", "C"), told("C2Cx", "A", "B", "C")])],
    ),
    (
        "createConversationGroup",
        edit("B", "C2Cx", "GROUPy"),
        [
            (CONVERSATIONS, [told("GROUPy", "A", "B")]),
            in_group("B", told("C2Cx", "A", "B"), told("GROUPy", "A", "B")),
        ],
    ),
    ("createConversationGroup", edit("B", "C2Cx"), []),
    ("createConversationGroup", edit("C", "nonsense"), []),
    (
        "deleteConversationGroup",
        "A",
        [(NAMES, ["B"]), (CONVERSATIONS, [told("C2Cx", "B"), told("GROUPy")])],
    ),
    (
        "renameConversationGroup",
        {"oldName": "A", "newName": "产品"},
        [(NAMES, ["产品", "B"]), (CONVERSATIONS, [told("C2Cx", "产品", "B"), told("GROUPy", "产品")])],
    ),
    ("renameConversationGroup", {"oldName": "A", "newName": "A"}, []),
    (
        "addConversationsToGroup",
        edit("B", "C2Cz", "C2Cx", "GROUPy"),
        [
            (CONVERSATIONS, [told("C2Cz", "B"), told("GROUPy", "A", "B")]),
            in_group("B", told("C2Cx", "A", "B"), told("C2Cz", "B"), told("GROUPy", "A", "B")),
        ],
    ),
    ("addConversationsToGroup", edit("B", "C2Cx"), []),
    (
        "deleteConversationsFromGroup",
        edit("A", "GROUPy", "C2Cx", "C2Cz"),
        [(CONVERSATIONS, [told("GROUPy"), told("C2Cx", "B")]), in_group("A")],
    ),
    ("deleteConversationsFromGroup", edit("A", "C2Cz"), []),
]


@pytest.mark.parametrize(("method", "given", "events"), ROWS)
def test_a_command_is_told_on_both_devices_once(
    prepared: tuple[Device, Device], method: str, given: Any, events: list[Event]
) -> None:
    phone, tablet = prepared
    phone.result(method, given)
    at_once = list(phone.heard)
    phone.result("createConversationGroup", edit("last", "C2Clast"))
    assert at_once == events
    groups = phone.groups()
    last = [(NAMES, groups), (CONVERSATIONS, [told("C2Clast", "last")])]
    phone.hears(*events, *last)
    tablet.hears(*events, *last)
    assert tablet.groups() == groups
    assert tablet.conversations() == phone.conversations()


def test_an_empty_group_concerns_no_conversation(phone: Device, tablet: Device) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    phone.result("deleteConversationsFromGroup", edit("A", "C2Cx"))
    tablet.wait_until(lambda: len(tablet.heard) == 4, "an empty group")
    phone.heard.clear()
    tablet.heard.clear()
    phone.result("renameConversationGroup", {"oldName": "A", "newName": "B"})
    phone.result("deleteConversationGroup", "B")
    for device in (phone, tablet):
        device.hears((NAMES, ["B"]), (NAMES, []))


def test_what_comes_by_another_way_is_told_as_well(
    prepared: tuple[Device, Device], service: Service, user: str
) -> None:
    def send(**command: Any) -> None:
        with service.client() as client:
            answer: httpx.Response = client.post(f"/v1/users/{user}/commands", json=command)
        assert answer.status_code == 200, answer.text

    send(command="ReorderGroup", groupName="A", before=None)
    send(command="UpdateConversations", groupName="B", remove=["C2Cx"], add=["C2Cnew"])
    for device in prepared:
        device.hears(
            (NAMES, ["B", "A"]),
            (CONVERSATIONS, [told("C2Cx", "A"), told("C2Cnew", "B")]),
            in_group("B", told("C2Cnew", "B")),
        )
        assert device.groups() == ["B", "A"]


def test_who_logs_in_is_told_once_what_there_is(
    prepared: tuple[Device, Device], new_device: Callable[[], Device], user: str
) -> None:
    late = new_device()
    late.result("login", {"userID": user, "userSig": "any"})
    late.hears(
        (CONVERSATIONS, [told("C2Cx", "A", "B"), told("GROUPy", "A")]), (NAMES, ["A", "B"]), ("sdkStateReady", None)
    )


def test_who_has_no_groups_is_told_so_once(new_device: Callable[[], Device], user: str) -> None:
    device = new_device()
    device.result("login", {"userID": user, "userSig": "any"})
    device.hears((CONVERSATIONS, []), (NAMES, []), ("sdkStateReady", None))


def test_another_user_hears_nothing(prepared: tuple[Device, Device], new_device: Callable[[], Device]) -> None:
    other = new_device().login("somebody-else")
    phone, _ = prepared
    phone.result("deleteConversationGroup", "A")
    other.result("createConversationGroup", edit("mine", "C2Cx"))
    other.hears((NAMES, ["mine"]), (CONVERSATIONS, [told("C2Cx", "mine")]))
