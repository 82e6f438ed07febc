"""The client keeps its groups in step with the service: each event once, whatever becomes of network and service."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.client.conftest import NewDevice
from tests.e2e.client.device import CONVERSATIONS, IN_GROUP, NAMES, Device, Event, told
from tests.e2e.conftest import NewService
from tests.e2e.service import Service, eventually
from tests.services.network import Network

DEPTH = 5


def edit(group: str, *ids: str) -> dict[str, Any]:
    return {"groupName": group, "conversationIDList": list(ids)}


def made(group: str, before: list[str], *ids: str) -> list[Event]:
    return [(NAMES, [*before, group]), (CONVERSATIONS, [told(one, group) for one in ids])]


@pytest.fixture(scope="module")
def service(new_service: NewService) -> Service:
    service = new_service()
    service.environment["CONVGROUPS_FEED_DEPTH"] = str(DEPTH)
    service.start()
    return service


@pytest.fixture
def phone(new_device: NewDevice, network: Network, user: str) -> Device:
    """Give the device behind the network that fails."""
    return new_device(network.url).login(user)


def revision(service: Service, user: str) -> int:
    with service.client() as client:
        answer: httpx.Response = client.get(f"/v1/users/{user}/groups")
    found: int = answer.json()["revision"]
    return found


def see_nothing_missed_or_doubled(phone: Device, tablet: Device, *events: Event) -> None:
    """Let something happen when these have come: nothing else is heard in between."""
    for device in (phone, tablet):
        device.hears(*events)
    names = tablet.groups()
    tablet.result("createConversationGroup", edit("end", "C2Cend"))
    for device in (phone, tablet):
        device.hears(*made("end", names, "C2Cend"))
    assert phone.groups() == tablet.groups()
    assert phone.conversations() == tablet.conversations()


def test_a_result_is_applied_at_once_and_its_echo_ignored(phone: Device, tablet: Device, network: Network) -> None:
    network.hold_feed()
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    assert phone.groups() == ["A"]
    first = made("A", [], "C2Cx")
    phone.result("addConversationsToGroup", edit("A", "C2Cy"))
    changed = [
        (CONVERSATIONS, [told("C2Cy", "A")]),
        (IN_GROUP, {"groupName": "A", "conversationList": [told("C2Cx", "A"), told("C2Cy", "A")]}),
    ]
    assert phone.heard == [*first, *changed]
    network.release_feed()
    see_nothing_missed_or_doubled(phone, tablet, *first, *changed)


def test_a_result_that_is_ahead_waits_until_the_feed_has_closed_the_gap(
    phone: Device, tablet: Device, network: Network
) -> None:
    network.hold_feed()
    tablet.result("createConversationGroup", edit("A", "C2Cx"))
    begun = phone.begin("addConversationsToGroup", edit("A", "C2Cy"))
    eventually(lambda: network.commands_answered == 1, "the answer has come")
    for _ in range(20):
        assert phone.groups() == []
        assert not phone.answered(begun)
    network.release_feed()
    assert phone.reply(begun)["result"]["data"]["successConversationIDList"] == ["C2Cy"]
    assert phone.conversations() == {"C2Cx": ["A"], "C2Cy": ["A"]}
    both = {"groupName": "A", "conversationList": [told("C2Cx", "A"), told("C2Cy", "A")]}
    events = [*made("A", [], "C2Cx"), (CONVERSATIONS, [told("C2Cy", "A")]), (IN_GROUP, both)]
    see_nothing_missed_or_doubled(phone, tablet, *events)


def test_a_success_that_changed_nothing_waits_as_well(phone: Device, tablet: Device, network: Network) -> None:
    network.hold_feed()
    tablet.result("createConversationGroup", edit("A", "C2Cx"))
    begun = phone.begin("addConversationsToGroup", edit("A", "C2Cx"))
    eventually(lambda: network.commands_answered == 1, "the answer has come")
    for _ in range(20):
        assert not phone.answered(begun)
    network.release_feed()
    assert phone.reply(begun)["result"]["data"]["successConversationIDList"] == ["C2Cx"]
    see_nothing_missed_or_doubled(phone, tablet, *made("A", [], "C2Cx"))


def test_a_lost_answer_is_asked_for_again_and_the_command_done_once(
    phone: Device, tablet: Device, network: Network, service: Service, user: str
) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    network.lose_next_answer()
    phone.result("renameConversationGroup", {"oldName": "A", "newName": "B"})  # a second time it would be 51009
    assert revision(service, user) == 3
    see_nothing_missed_or_doubled(
        phone, tablet, *made("A", [], "C2Cx"), (NAMES, ["B"]), (CONVERSATIONS, [told("C2Cx", "B")])
    )


def test_a_service_that_is_busy_is_asked_again_when_it_said(phone: Device, tablet: Device, network: Network) -> None:
    network.answer_that_it_is_busy(seconds=2)
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    first, second = network.commands_came
    assert second - first >= 2
    see_nothing_missed_or_doubled(phone, tablet, *made("A", [], "C2Cx"))


def test_a_call_waits_for_the_one_before_it(phone: Device, tablet: Device, network: Network) -> None:
    network.answer_that_it_is_busy(seconds=1)
    begun = [
        phone.begin("createConversationGroup", edit("A", "C2Cx")),
        phone.begin("renameConversationGroup", {"oldName": "A", "newName": "B"}),
    ]
    assert all("result" in phone.reply(number) for number in begun)
    renamed = [(NAMES, ["B"]), (CONVERSATIONS, [told("C2Cx", "B")])]
    see_nothing_missed_or_doubled(phone, tablet, *made("A", [], "C2Cx"), *renamed)


def test_a_cut_network_costs_no_event_and_doubles_none(phone: Device, tablet: Device, network: Network) -> None:
    network.cut()
    tablet.result("createConversationGroup", edit("A", "C2Cx"))
    begun = phone.begin("createConversationGroup", edit("B", "C2Cy"))
    tablet.result("deleteConversationGroup", "A")
    network.mend()
    assert phone.reply(begun)["result"]["data"]["successConversationIDList"] == ["C2Cy"]
    events = [*made("A", [], "C2Cx"), (NAMES, []), (CONVERSATIONS, [told("C2Cx")]), *made("B", [], "C2Cy")]
    see_nothing_missed_or_doubled(phone, tablet, *events)


def test_a_service_that_was_killed_costs_no_event_and_doubles_none(
    phone: Device, tablet: Device, service: Service
) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    service.kill()
    begun = [
        phone.begin("addConversationsToGroup", edit("A", "C2Cy")),
        phone.begin("deleteConversationsFromGroup", edit("A", "C2Cx")),
    ]
    service.start()
    assert all("result" in phone.reply(number) for number in begun)
    events = [
        *made("A", [], "C2Cx"),
        (CONVERSATIONS, [told("C2Cy", "A")]),
        (IN_GROUP, {"groupName": "A", "conversationList": [told("C2Cx", "A"), told("C2Cy", "A")]}),
        (CONVERSATIONS, [told("C2Cx")]),
        (IN_GROUP, {"groupName": "A", "conversationList": [told("C2Cy", "A")]}),
    ]
    see_nothing_missed_or_doubled(phone, tablet, *events)


def test_who_was_away_for_too_long_is_told_what_is_different_now(
    phone: Device, tablet: Device, network: Network, service: Service, user: str
) -> None:
    tablet.result("createConversationGroup", edit("A", "C2Cx", "C2Cy"))
    tablet.result("createConversationGroup", edit("B", "C2Cx"))
    phone.wait_until(lambda: len(phone.heard) == 4, "both groups")
    phone.heard.clear()
    network.cut()
    before = revision(service, user)
    tablet.result("createConversationGroup", edit("C", "C2Cz"))
    tablet.result("deleteConversationGroup", "C")
    tablet.result("deleteConversationsFromGroup", edit("A", "C2Cy"))
    tablet.result("addConversationsToGroup", edit("B", "C2Cw"))
    tablet.result("createConversationGroup", edit("D", "C2Cx"))
    assert revision(service, user) - before > DEPTH
    network.mend()
    now = told("C2Cx", "A", "B", "D")
    phone.hears(
        (NAMES, ["A", "B", "D"]),
        (CONVERSATIONS, [now, told("C2Cy"), told("C2Cw", "B")]),
        (IN_GROUP, {"groupName": "A", "conversationList": [now]}),
        (IN_GROUP, {"groupName": "B", "conversationList": [now, told("C2Cw", "B")]}),
    )
    tablet.heard.clear()
    see_nothing_missed_or_doubled(phone, tablet)


def test_a_snapshot_with_nothing_new_tells_nothing(phone: Device, tablet: Device, service: Service) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    tablet.hears(*made("A", [], "C2Cx"))
    phone.heard.clear()
    service.stop()
    assert service.run("new-log-id").returncode == 0
    service.start()
    see_nothing_missed_or_doubled(phone, tablet)


def test_a_log_that_was_put_back_takes_the_client_along(
    phone: Device, tablet: Device, service: Service, tmp_path: Path
) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    service.stop()
    file = Path(service.database.removeprefix("sqlite:///"))
    shutil.copytree(file.parent, tmp_path / "backup")
    service.start()
    phone.result("createConversationGroup", edit("B", "C2Cx"))
    tablet.wait_until(lambda: len(tablet.heard) == 4, "both groups")
    service.stop()
    for saved in (tmp_path / "backup").glob(f"{file.name}*"):
        shutil.copy(saved, file.parent)
    assert service.run("new-log-id").returncode == 0
    phone.heard.clear()
    tablet.heard.clear()
    service.start()
    see_nothing_missed_or_doubled(phone, tablet, (NAMES, ["A"]), (CONVERSATIONS, [told("C2Cx", "A")]))


def test_logging_out_ends_what_waits(phone: Device, network: Network) -> None:
    network.cut()
    begun = phone.begin("createConversationGroup", edit("A", "C2Cx"))
    assert phone.result("logout")["code"] == 0
    assert phone.reply(begun)["rejected"]["code"] == 3005
