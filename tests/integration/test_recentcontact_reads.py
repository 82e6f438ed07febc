"""The product's calls that ask: pages, and the groups of conversations."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.recentcontact import assert_fails, c2c, chat, create_body, ok, post
from tests.integration.service import Service, on_both, running

GROUPS, CONVERSATIONS = 20, 1000


def page(service: Service, user: str, start: int = 0) -> dict[str, Any]:
    return ok(service, "get_contact_group", {"From_Account": user, "StartIndex": start, "StartTime": 0})


def pages(service: Service, user: str) -> Iterator[dict[str, Any]]:
    """Ask as the product's clients do."""
    start = 0
    while True:
        answer = page(service, user, start)
        yield answer
        if answer["CompleteFlag"] == 1:
            assert answer["NextStartIndex"] == 0
            return
        assert answer["NextStartIndex"] > start
        start = answer["NextStartIndex"]


def search(service: Service, user: str, *contacts: Any) -> dict[str, Any]:
    return ok(service, "search_contact_group", {"From_Account": user, "ContactItem": list(contacts)})


def test_a_user_without_groups_has_an_empty_page(service: Service, user: str) -> None:
    empty = {"ContactItem": [], "GroupItem": [], "CompleteFlag": 1, "NextStartIndex": 0}
    assert page(service, user) == empty
    assert page(service, user, 500) == empty
    assert ok(service, "get_contact_group", {"From_Account": user}) == empty


@on_both
def test_every_conversation_of_the_largest_user_is_on_one_page_with_all_its_groups(service: Service, user: str) -> None:
    names = [f"分组{n}" for n in range(GROUPS)]
    for name in names:
        service.done(user, "CreateGroup", groupName=name)
    expected: dict[str, list[int]] = {}
    for n in range(0, CONVERSATIONS, 100):
        ids = [f"C2C用户{m}" if m % 2 else f"GROUP@TGS#{m}" for m in range(n, n + 100)]
        for group in sorted({n // 100 % GROUPS, (n // 100 * 7 + 3) % GROUPS, 19 - n // 100}, key=lambda g: -g):
            service.done(user, "AddConversations", groupName=names[group], conversationIDs=ids)
            for key in ids:
                expected.setdefault(key, []).append(group + 1)
    found = list(pages(service, user))
    assert [len(one["ContactItem"]) for one in found] == [100] * 10
    assert found[0]["GroupItem"] == [{"GroupName": name, "GroupId": n} for n, name in enumerate(names, start=1)]
    assert all(one["GroupItem"] == [] for one in found[1:])
    items = [item for one in found for item in one["ContactItem"]]
    assert {
        ("C2C" + item["To_Account"] if item["Type"] == 1 else "GROUP" + item["ToGroupId"]): item["ContactGroupId"]
        for item in items
    } == expected
    assert len(items) == CONVERSATIONS
    assert all(item.keys() == {"Type", "ContactGroupId", "Timestamp", item_name(item)} for item in items)
    assert all(abs(item["Timestamp"] - time.time()) < 600 for item in items)
    past_the_end = {"ContactItem": [], "GroupItem": [], "CompleteFlag": 1, "NextStartIndex": 0}
    assert page(service, user, CONVERSATIONS) == page(service, user, 2**31) == past_the_end


def item_name(item: dict[str, Any]) -> str:
    return "To_Account" if item["Type"] == 1 else "ToGroupId"


def test_a_page_that_is_full_to_the_last_place_is_complete(service: Service, user: str) -> None:
    for n in (0, 100):
        service.done(user, "CreateGroup", groupName="x", conversationIDs=[f"C2C{n + m}" for m in range(100)])
        first, *others = pages(service, user)
        assert (len(first["ContactItem"]), len(others)) == (100, n // 100)


def test_groups_stand_in_the_users_order(service: Service, user: str) -> None:
    for name in "abc":
        service.done(user, "CreateGroup", groupName=name)
    service.done(user, "ReorderGroup", groupName="c", before=1)
    assert [group["GroupName"] for group in page(service, user)["GroupItem"]] == ["c", "a", "b"]


def test_a_search_answers_in_the_order_asked_with_the_groups_in_the_order_of_joining(
    service: Service, user: str
) -> None:
    for name in ("产品", "研发"):
        service.done(user, "CreateGroup", groupName=name)
    service.done(user, "AddConversations", groupName="研发", conversationIDs=["C2C张三", "GROUPg"])
    service.done(user, "AddConversations", groupName="产品", conversationIDs=["C2C张三"])
    answer = search(
        service, user, chat("g"), c2c("nobody"), {**c2c("张三"), "ToGroupId": "x"}, {"Type": 9}, c2c("张三")
    )
    stamps = [item.pop("Timestamp", None) for item in answer["ContactResultItem"]]
    assert answer == {
        "ContactResultItem": [
            {**chat("g"), "ContactGroupId": [2]},
            c2c("nobody"),
            {**c2c("张三"), "ContactGroupId": [2, 1]},
            {"Type": 9},
            {**c2c("张三"), "ContactGroupId": [2, 1]},
        ],
        "GroupItem": [{"GroupName": "产品", "GroupId": 1}, {"GroupName": "研发", "GroupId": 2}],
    }
    assert [stamp is None for stamp in stamps] == [False, True, False, True, False]


def test_a_search_names_up_to_300_conversations(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="x", conversationIDs=["C2C299"])
    answer = search(service, user, *(c2c(str(n)) for n in range(300)))
    assert ["ContactGroupId" in item for item in answer["ContactResultItem"]] == [False] * 299 + [True]
    assert search(service, user)["ContactResultItem"] == []
    body = {"From_Account": user, "ContactItem": [c2c(str(n)) for n in range(301)]}
    assert_fails(post(service, "search_contact_group", body), 50002, "300")


def test_an_answer_shows_what_was_acknowledged_however_far_the_view_is(tmp_path: Path) -> None:
    with running(tmp_path / "log.db", following=False) as service:
        ok(service, "create_contact_group", create_body("alice", "x", c2c("bob")))
        assert page(service, "alice")["ContactItem"][0]["ContactGroupId"] == [1]
        assert search(service, "alice", c2c("bob"))["ContactResultItem"][0]["ContactGroupId"] == [1]


@pytest.mark.parametrize("start", [-1, "0", 1.5, None, [], True])
def test_a_start_that_is_no_number_is_refused(service: Service, user: str, start: Any) -> None:
    response = post(service, "get_contact_group", {"From_Account": user, "StartIndex": start})
    assert_fails(response, 50002, "StartIndex")
