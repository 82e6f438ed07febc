"""Every example of the product's page on conversation groups, run as it stands there."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client.device import CONVERSATIONS, IN_GROUP, NAMES, Device, Event, told

PAGE = os.environ.get("CONVGROUPS_TEST_SEED_PAGE")

BLOCK = re.compile(r"<dx-codeblock>\n:::  js\n(.*?)\n:::", re.DOTALL)
BOTH = ["GROUPtest", "C2Cexample"]

pytestmark = pytest.mark.skipif(PAGE is None, reason="CONVGROUPS_TEST_SEED_PAGE does not name the product's page")


def examples() -> list[str]:
    """Give the page's examples; a line that names a call alone is none. Two have a comma too many, and do not parse."""
    assert PAGE is not None
    blocks = [block.strip() for block in BLOCK.findall(Path(PAGE).read_text(encoding="utf-8"))]
    return [block.replace("],,", "],") for block in blocks if "\n" in block]


@pytest.fixture
def run(phone: Device, tablet: Device) -> Callable[[str], dict[str, Any]]:
    """Run the page's one example with this text on the phone; nothing may be printed as an error."""

    def run(text: str) -> dict[str, Any]:
        [example] = [one for one in examples() if text in one]
        for device in (phone, tablet):
            device.heard.clear()
        ran = phone.run(example)
        assert phone.printed() == []
        return ran

    return run


def prepare(phone: Device, tablet: Device, group: str, *ids: str) -> None:
    phone.result("createConversationGroup", {"groupName": group, "conversationIDList": [*ids, "C2Cother"]})
    tablet.wait_until(lambda: len(tablet.heard) == 2, "the group that the example needs")


def both_hear(phone: Device, tablet: Device, *events: Event) -> None:
    for device in (phone, tablet):
        device.hears(*events)


def found(*conversations: dict[str, Any]) -> dict[str, Any]:
    return {"code": 0, "data": {"conversationList": list(conversations), "isSyncCompleted": True}}


def lists(success: list[str]) -> dict[str, Any]:
    return {"code": 0, "data": {"successConversationIDList": success, "failureConversationIDList": []}}


def test_the_page_has_the_examples_that_are_run_here() -> None:
    assert len(examples()) == 9
    assert sum(block.count("],,") for block in BLOCK.findall(Path(str(PAGE)).read_text(encoding="utf-8"))) == 2


def test_creating_a_group(run: Any, phone: Device, tablet: Device) -> None:
    create, read = run("tim.createConversationGroup({")["calls"]
    assert create["result"] == lists(BOTH)
    assert read["result"] == found(told("GROUPtest", "Suppliers"), told("C2Cexample", "Suppliers"))
    both_hear(
        phone,
        tablet,
        (NAMES, ["Suppliers"]),
        (CONVERSATIONS, [told("GROUPtest", "Suppliers"), told("C2Cexample", "Suppliers")]),
    )


def test_creating_one_group_too_many_is_printed_as_the_page_prints_it(phone: Device) -> None:
    for number in range(20):
        phone.result("createConversationGroup", {"groupName": f"group {number}", "conversationIDList": ["C2Cx"]})
    [example] = [one for one in examples() if "tim.createConversationGroup({" in one]
    phone.run(example)
    [[how, what, error]] = phone.printed()
    assert (how, what, error["code"]) == ("warn", "createConversationGroup error:", 51010)


def test_deleting_a_group_that_is_not_there_is_printed_as_the_page_prints_it(phone: Device) -> None:
    [example] = [one for one in examples() if "tim.deleteConversationGroup('Suppliers')" in one]
    phone.run(example)
    [[how, what, error]] = phone.printed()
    assert (how, what, error["code"]) == ("warn", "deleteConversationGroup error:", 51009)


def test_deleting_a_group(run: Any, phone: Device, tablet: Device) -> None:
    prepare(phone, tablet, "Suppliers", "C2Cx")
    [delete] = run("tim.deleteConversationGroup('Suppliers')")["calls"]
    assert delete["result"] is None
    both_hear(phone, tablet, (NAMES, []), (CONVERSATIONS, [told("C2Cx"), told("C2Cother")]))


def test_renaming_a_group(run: Any, phone: Device, tablet: Device) -> None:
    prepare(phone, tablet, "Suppliers_old", "C2Cx")
    [rename] = run("tim.renameConversationGroup({")["calls"]
    assert rename["result"] is None
    new = "Suppliers_new"
    both_hear(phone, tablet, (NAMES, [new]), (CONVERSATIONS, [told("C2Cx", new), told("C2Cother", new)]))


def test_listing_groups(run: Any, phone: Device, tablet: Device) -> None:
    prepare(phone, tablet, "产品体验")
    [read] = run("tim.getConversationGroupList()")["calls"]
    assert read["result"] == {"code": 0, "data": ["产品体验"]}


def test_listing_the_conversations_of_a_group(run: Any, phone: Device, tablet: Device) -> None:
    prepare(phone, tablet, "Suppliers", "C2Cx")
    [read] = run("tim.getConversationList({ groupName: 'Suppliers' })")["calls"]
    assert read["result"] == found(told("C2Cx", "Suppliers"), told("C2Cother", "Suppliers"))


def test_adding_conversations(run: Any, phone: Device, tablet: Device) -> None:
    group = "Suppliers_new"
    prepare(phone, tablet, group)
    add, read = run("tim.addConversationsToGroup({")["calls"]
    added = [told("GROUPtest", group), told("C2Cexample", group)]
    assert add["result"] == lists(BOTH)
    assert read["result"] == found(*added)
    everything = {"groupName": group, "conversationList": [told("C2Cother", group), *added]}
    both_hear(phone, tablet, (CONVERSATIONS, added), (IN_GROUP, everything))


def test_taking_conversations_out(run: Any, phone: Device, tablet: Device) -> None:
    group = "Suppliers_new"
    prepare(phone, tablet, group, *BOTH)
    remove, read = run("tim.deleteConversationsFromGroup({")["calls"]
    assert remove["result"] == lists(BOTH)
    assert read["result"] == found(told("GROUPtest"), told("C2Cexample"))
    rest = {"groupName": group, "conversationList": [told("C2Cother", group)]}
    both_hear(phone, tablet, (CONVERSATIONS, [told("GROUPtest"), told("C2Cexample")]), (IN_GROUP, rest))


def test_listening_for_the_list_of_groups(run: Any, phone: Device) -> None:
    run("TIM.EVENT.CONVERSATION_GROUP_LIST_UPDATED, onConversationGroupListUpdated")
    phone.result("createConversationGroup", {"groupName": "A", "conversationIDList": ["C2Cx"]})
    assert phone.printed() == [["log", ["A"]]]
    phone.result("deleteConversationGroup", "A")
    assert phone.printed() == [["log", ["A"]], ["log", []]]


def test_listening_for_what_is_in_a_group(run: Any, phone: Device) -> None:
    run("TIM.EVENT.CONVERSATION_IN_GROUP_UPDATED, onConversationInGroupUpdated")
    phone.result("createConversationGroup", {"groupName": "A", "conversationIDList": ["C2Cx"]})
    phone.result("addConversationsToGroup", {"groupName": "A", "conversationIDList": ["C2Cy"]})
    assert phone.printed() == []
    assert phone.heard[-1][0] == IN_GROUP
