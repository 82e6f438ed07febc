"""The client in a real browser: several devices, a network that is cut, a service that ends, and tabs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event as Never
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.client.device import CONVERSATIONS, IN_GROUP, NAMES, Event, told
from tests.e2e.client.tab import Tab
from tests.e2e.service import Service, eventually
from tests.e2e.user import User
from tests.services.network import Network

CUT = 5.0
"""Seconds without a network."""

NewContext = Callable[[], BrowserContext]


def edit(group: str, *ids: str) -> dict[str, Any]:
    return {"groupName": group, "conversationIDList": list(ids)}


def made(group: str, before: list[str], *ids: str) -> list[Event]:
    return [(NAMES, [*before, group]), (CONVERSATIONS, [told(one, group) for one in ids])]


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    with ExitStack() as contexts:
        yield lambda: contexts.enter_context(browser.new_context())


@pytest.fixture
def phone(new_context: NewContext, network: Network, user: str) -> Tab:
    return Tab(new_context(), network.url, user)


@pytest.fixture
def tablet(new_context: NewContext, network: Network, user: str) -> Tab:
    return Tab(new_context(), network.url, user)


@pytest.fixture
def other(new_context: NewContext, network: Network, user: str) -> Tab:
    return Tab(new_context(), network.url, f"not-{user}")


def see_all_in_step(phone: Tab, tablet: Tab, other: Tab) -> None:
    """Let something happen to each user: nothing else was heard, and both devices know the same."""
    names = list(tablet.groups())
    tablet.result("createConversationGroup", edit("end", "C2Cend"))
    for tab in (phone, tablet):
        tab.hears(*made("end", names, "C2Cend"))
    assert phone.groups() == tablet.groups()
    other.result("createConversationGroup", edit("mine", "C2Cx"))
    other.hears(*made("mine", [], "C2Cx"))
    assert other.groups() == {"mine": ["C2Cx"]}


def test_what_one_device_does_the_other_sees_and_another_user_does_not(phone: Tab, tablet: Tab, other: Tab) -> None:
    created = phone.result("createConversationGroup", edit("A", "GROUPy", "C2Cx", "nonsense"))
    assert created["data"]["successConversationIDList"] == ["GROUPy", "C2Cx"]
    assert [one["code"] for one in created["data"]["failureConversationIDList"]] == [2503]
    phone.result("renameConversationGroup", {"oldName": "A", "newName": "产品体验"})
    phone.result("addConversationsToGroup", edit("产品体验", "C2Cz"))
    phone.result("deleteConversationsFromGroup", edit("产品体验", "C2Cx"))
    phone.result("deleteConversationGroup", "产品体验")
    new = "产品体验"
    events = [
        *made("A", [], "GROUPy", "C2Cx"),
        (NAMES, [new]),
        (CONVERSATIONS, [told("GROUPy", new), told("C2Cx", new)]),
        (CONVERSATIONS, [told("C2Cz", new)]),
        (IN_GROUP, {"groupName": new, "conversationList": [told(one, new) for one in ("GROUPy", "C2Cx", "C2Cz")]}),
        (CONVERSATIONS, [told("C2Cx")]),
        (IN_GROUP, {"groupName": new, "conversationList": [told(one, new) for one in ("GROUPy", "C2Cz")]}),
        (NAMES, []),
        (CONVERSATIONS, [told("GROUPy"), told("C2Cz")]),
    ]
    for tab in (phone, tablet):
        tab.hears(*events)
    see_all_in_step(phone, tablet, other)


def test_a_cut_network_costs_no_event_and_doubles_none(
    phone: Tab, tablet: Tab, other: Tab, network: Network, service: Service, user: str
) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    network.cut()
    phone.begin("addConversationsToGroup", edit("A", "C2Cy"))
    with service.client() as client:
        elsewhere = User(client, user)
        elsewhere.done("CreateGroup", groupName="B", conversationIDs=["C2Cz"])
        elsewhere.done("DeleteGroup", groupName="B")
    Never().wait(CUT)
    network.mend()
    assert phone.begun()["data"]["successConversationIDList"] == ["C2Cy"]
    both = [told("C2Cx", "A"), told("C2Cy", "A")]
    for tab in (phone, tablet):
        tab.hears(
            *made("A", [], "C2Cx"),
            *made("B", ["A"], "C2Cz"),
            (NAMES, ["A"]),
            (CONVERSATIONS, [told("C2Cz")]),
            (CONVERSATIONS, [told("C2Cy", "A")]),
            (IN_GROUP, {"groupName": "A", "conversationList": both}),
        )
    see_all_in_step(phone, tablet, other)


def test_a_device_that_goes_offline_catches_up(phone: Tab, tablet: Tab, other: Tab) -> None:
    phone.page.context.set_offline(True)
    tablet.result("createConversationGroup", edit("A", "C2Cx"))
    phone.begin("createConversationGroup", edit("B", "C2Cy"))
    tablet.result("deleteConversationGroup", "A")
    phone.page.context.set_offline(False)
    assert phone.begun()["code"] == 0
    for tab in (phone, tablet):
        tab.hears(*made("A", [], "C2Cx"), (NAMES, []), (CONVERSATIONS, [told("C2Cx")]), *made("B", [], "C2Cy"))
    see_all_in_step(phone, tablet, other)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_service_that_ends_and_starts_again_costs_no_event_and_doubles_none(
    phone: Tab, tablet: Tab, other: Tab, service: Service, how: str
) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    getattr(service, how)()
    phone.begin("addConversationsToGroup", edit("A", "C2Cy"))
    service.start()
    assert phone.begun()["data"]["successConversationIDList"] == ["C2Cy"]
    both = {"groupName": "A", "conversationList": [told("C2Cx", "A"), told("C2Cy", "A")]}
    for tab in (phone, tablet):
        tab.hears(*made("A", [], "C2Cx"), (CONVERSATIONS, [told("C2Cy", "A")]), (IN_GROUP, both))
    see_all_in_step(phone, tablet, other)


@pytest.fixture
def tabs(phone: Tab, network: Network, user: str) -> list[Tab]:
    """Three tabs of one browser; the first reads the feed."""
    return [phone, *[Tab(phone.page.context, network.url, user) for _ in range(2)]]


def test_tabs_of_one_browser_share_one_feed(tabs: list[Tab], network: Network, user: str) -> None:
    assert network.feeds_asked == network.feeds == 1
    tabs[1].result("createConversationGroup", edit("A", "C2Cx"))
    tabs[2].result("addConversationsToGroup", edit("A", "C2Cy"))
    both = {"groupName": "A", "conversationList": [told("C2Cx", "A"), told("C2Cy", "A")]}
    for tab in tabs:
        tab.hears(*made("A", [], "C2Cx"), (CONVERSATIONS, [told("C2Cy", "A")]), (IN_GROUP, both))
    late = Tab(tabs[0].page.context, network.url, user)
    assert late.first[:2] == [(CONVERSATIONS, both["conversationList"]), (NAMES, ["A"])]
    assert network.feeds_asked == network.feeds == 1


def test_another_tab_goes_on_when_the_one_that_reads_is_closed(
    tabs: list[Tab], network: Network, service: Service, user: str
) -> None:
    leader, *rest = tabs
    leader.result("createConversationGroup", edit("A", "C2Cx"))
    for tab in rest:
        tab.hears(*made("A", [], "C2Cx"))
    network.hold_feed()
    leader.page.close()
    with service.client() as client:
        User(client, user).done("CreateGroup", groupName="B", conversationIDs=["C2Cy"])
    network.release_feed()
    rest[0].result("createConversationGroup", edit("C", "C2Cz"))
    for tab in rest:
        tab.hears(*made("B", ["A"], "C2Cy"), *made("C", ["A", "B"], "C2Cz"))
        assert tab.groups() == {"A": ["C2Cx"], "B": ["C2Cy"], "C": ["C2Cz"]}
    eventually(lambda: network.feeds == 1, "one feed is open")
    assert network.feeds_asked == 2


def test_a_tab_of_another_user_has_a_feed_of_its_own(tabs: list[Tab], network: Network) -> None:
    stranger = Tab(tabs[0].page.context, network.url, "somebody-else-in-this-browser")
    assert network.feeds == 2
    tabs[0].result("createConversationGroup", edit("A", "C2Cx"))
    assert stranger.groups() == {}
    assert stranger.page.evaluate("heard") == []
