"""The product's calls that change groups: what they answer, and that they are the commands they should be."""

from typing import Any

import pytest

from tests.integration.answers import MALFORMED
from tests.integration.recentcontact import (
    DEFAULT_APP,
    c2c,
    change_body,
    chat,
    create_body,
    delete_body,
    ok,
    post,
    rename_body,
    result,
    told,
)
from tests.integration.service import Service, on_both
from tests.integration.signed import ADMIN

ADD, REMOVE = 1, 2


def created(service: Service, user: str, name: str, *contacts: Any) -> dict[str, Any]:
    [item] = ok(service, "create_contact_group", create_body(user, name, *contacts))["GroupResultItem"]
    assert isinstance(item, dict)
    return item


def changed(service: Service, user: str, name: str, *changes: tuple[int, Any]) -> list[dict[str, Any]]:
    answer = ok(service, "update_contact_group", change_body(user, name, *changes))
    items: list[dict[str, Any]] = answer["UpdateGroupResult"]["ContactResultItem"]
    return items


def members(service: Service, user: str, group_id: int = 1) -> list[str]:
    found: list[str] = service.read(user, f"groups/{group_id}")["conversationIDs"]
    return found


@on_both
def test_a_group_is_made_and_its_conversations_are_in_it(service: Service, user: str) -> None:
    assert created(service, user, "产品体验", c2c("张三"), chat("@TGS#a")) == {
        "GroupItem": {"GroupName": "产品体验", "GroupId": 1},
        "ResultItem": [result(c2c("张三")), result(chat("@TGS#a"))],
    }
    assert members(service, user) == ["C2C张三", "GROUP@TGS#a"]
    [made, added] = service.history(user)
    assert (made["command"], made["actor"], made["device"], made["sdkAppID"]) == (
        "CreateGroup",
        ADMIN,
        None,
        DEFAULT_APP,
    )
    assert made["commandID"] == added["commandID"]


def test_a_group_may_be_made_without_conversations(service: Service, user: str) -> None:
    assert created(service, user, "x") == {"GroupItem": {"GroupName": "x", "GroupId": 1}, "ResultItem": []}
    body = {"From_Account": user, "GroupContactItem": [{"GroupName": "y"}]}
    [item] = ok(service, "create_contact_group", body)["GroupResultItem"]
    assert item["GroupItem"] == {"GroupName": "y", "GroupId": 2}


def test_a_group_is_not_there_where_every_conversation_was_refused(service: Service, user: str) -> None:
    assert created(service, user, "x", c2c(""), chat("\n")) == {
        "ResultItem": [result(c2c(""), 2503, MALFORMED), result(chat("\n"), 2503, MALFORMED)]
    }
    assert service.names(user) == []


def test_a_name_that_exists_gets_the_conversations(service: Service, user: str) -> None:
    created(service, user, "x", c2c("a"))
    assert created(service, user, "x", c2c("a"), c2c("b")) == {
        "GroupItem": {"GroupName": "x", "GroupId": 1},
        "ResultItem": [result(c2c("a")), result(c2c("b"))],
    }


@pytest.mark.parametrize(
    "contact",
    [
        {},
        {"Type": 1},
        {"Type": 1, "ToGroupId": "a"},
        {"Type": 2, "To_Account": "a"},
        {"Type": 3, "To_Account": "a"},
        {"Type": "1", "To_Account": "a"},
        {"Type": True, "To_Account": "a"},
        {"Type": 1.0, "To_Account": "a"},
        {"Type": 1, "To_Account": None},
        {"Type": 1, "To_Account": 7},
        {"Type": 1, "To_Account": ["a"]},
        {"To_Account": "a"},
        {"": "C2Ca"},
        {"Type": 1, "To_Account": ""},
        {"Type": 1, "To_Account": "a" * 126},
        {"Type": 2, "ToGroupId": "\x00"},
    ],
)
def test_a_contact_that_is_none_is_refused_for_itself(service: Service, user: str, contact: Any) -> None:
    item = created(service, user, "x", c2c("bob"), contact, chat("g"))
    assert [one["ResultCode"] for one in item["ResultItem"]] == [0, 2503, 0]
    assert item["ResultItem"][1]["ContactItem"].items() <= contact.items()
    assert item["ResultItem"][1]["ResultInfo"] == MALFORMED
    assert [one["ResultCode"] for one in changed(service, user, "x", (ADD, contact), (REMOVE, c2c("bob")))] == [2503, 0]
    assert members(service, user) == ["GROUPg"]


def test_the_type_decides_which_name_counts(service: Service, user: str) -> None:
    both = {"To_Account": "a", "ToGroupId": "g", "Remark": "x"}
    item = created(service, user, "x", {**both, "Type": 1}, {**both, "Type": 2})
    assert item["ResultItem"] == [result(c2c("a")), result(chat("g"))]
    assert members(service, user) == ["C2Ca", "GROUPg"]


def test_what_is_not_known_is_passed_over(service: Service, user: str) -> None:
    body = {**create_body(user, "x", c2c("a")), "StartTime": 0, "Nested": {"a": [1]}}
    body["GroupContactItem"][0]["GroupId"] = 9
    [item] = ok(service, "create_contact_group", body, anything="else")["GroupResultItem"]
    assert item["GroupItem"] == {"GroupName": "x", "GroupId": 1}


def test_what_is_given_twice_counts_once_and_is_answered_twice(service: Service, user: str) -> None:
    item = created(service, user, "x", c2c("a"), c2c("b"), c2c("a"))
    assert item["ResultItem"] == [result(c2c("a")), result(c2c("b")), result(c2c("a"))]
    assert members(service, user) == ["C2Ca", "C2Cb"]


@on_both
def test_a_group_is_renamed(service: Service, user: str) -> None:
    created(service, user, "旧", c2c("a"))
    assert ok(service, "update_contact_group", rename_body(user, "旧", "新")) == {
        "UpdateType": 1,
        "UpdateGroupResult": {"UpdateGroupType": 1, "GroupName": "新", "GroupId": 1, "OldGroupName": "旧"},
    }
    assert service.names(user) == ["新"]


def test_conversations_join_and_leave(service: Service, user: str) -> None:
    created(service, user, "x", c2c("a"))
    added = ok(service, "update_contact_group", change_body(user, "x", (ADD, chat("g")), (ADD, c2c("a"))))
    assert added == {
        "UpdateType": 1,
        "UpdateGroupResult": {
            "UpdateGroupType": 2,
            "GroupName": "x",
            "GroupId": 1,
            "OldGroupName": "x",
            "ContactResultItem": [
                {"ContactOptType": ADD, **result(chat("g"))},
                {"ContactOptType": ADD, **result(c2c("a"))},
            ],
        },
    }
    removed = changed(service, user, "x", (REMOVE, c2c("a")), (REMOVE, c2c("nobody")))
    assert removed == [
        {"ContactOptType": REMOVE, **result(c2c("a"))},
        {"ContactOptType": REMOVE, **result(c2c("nobody"))},
    ]
    assert members(service, user) == ["GROUPg"]
    assert [event["command"] for event in service.history(user)][2:] == ["AddConversations", "RemoveConversations"]


@on_both
def test_an_update_that_mixes_both_is_one_command_answered_in_the_order_it_was_sent(
    service: Service, user: str
) -> None:
    created(service, user, "x", c2c("a"), c2c("b"))
    answer = changed(service, user, "x", (ADD, c2c("c")), (REMOVE, c2c("a")), (ADD, c2c("")), (REMOVE, c2c("z")))
    assert [(one["ContactOptType"], one["ContactItem"], one["ResultCode"]) for one in answer] == [
        (ADD, c2c("c"), 0),
        (REMOVE, c2c("a"), 0),
        (ADD, c2c(""), 2503),
        (REMOVE, c2c("z"), 0),
    ]
    *_, removed, added = service.history(user)
    assert (removed["command"], removed["conversationIDs"]) == ("UpdateConversations", ["C2Ca"])
    assert added["conversationIDs"] == ["C2Cc"]
    assert removed["commandID"] == added["commandID"]
    assert members(service, user) == ["C2Cb", "C2Cc"]


@on_both
def test_a_group_is_deleted(service: Service, user: str) -> None:
    created(service, user, "研发", c2c("a"))
    answer = ok(service, "del_contact_group", delete_body(user, "研发"))
    assert answer == {"GroupItem": [{"GroupName": "研发", "GroupId": 1}]}
    assert service.names(user) == []
    assert created(service, user, "研发")["GroupItem"]["GroupId"] == 2


def test_more_conversations_than_a_user_may_have_are_refused_one_by_one(service: Service, user: str) -> None:
    for n in range(10):
        created(service, user, "x", *(c2c(f"{n}-{m}") for m in range(100)))
    answer = changed(service, user, "x", (ADD, c2c("0-0")), (ADD, c2c("one more")))
    assert [one["ResultCode"] for one in answer] == [0, 51008]
    assert "1000" in answer[1]["ResultInfo"]


def test_a_repeated_key_is_done_once(service: Service, user: str) -> None:
    given = [("Idempotency-Key", "k")]
    query: Any = {"sdkappid": DEFAULT_APP, "identifier": user}
    answers = [
        service.client.post("/v4/recentcontact/create_contact_group", params=query, headers=given, json=body)
        for body in [create_body(user, "x", c2c("a"), c2c(""))] * 2
    ]
    assert told(answers[0]) == told(answers[1])
    assert len(service.history(user)) == 2


def test_who_is_not_named_is_the_user(service: Service, user: str) -> None:
    ok(service, "create_contact_group", create_body(user, "x"), identifier=None)
    assert service.history(user)[0]["actor"] == user


def test_another_app_has_other_users(service: Service, user: str) -> None:
    ok(service, "create_contact_group", create_body(user, "x"), sdkappid=1400000077)
    assert service.read(user, "groups")["revision"] == 0
    there = service.client.get(f"/v1/users/{user}/groups", headers={"App-ID": "1400000077"})
    assert there.json()["revision"] == 1


def test_calls_are_counted_as_commands_are(service: Service, user: str) -> None:
    def count(line: str) -> float:
        lines = dict(one.rpartition(" ")[::2] for one in service.client.get("/metrics").text.splitlines())
        return float(lines.get(line, "0"))

    route = 'convgroups_requests_total{route="/v4/recentcontact/create_contact_group",status="200"}'
    counted = [
        'convgroups_commands_total{command="CreateGroup",result="done"}',
        'convgroups_commands_total{command="CreateGroup",result="refused"}',
        'convgroups_refusals_total{code="51011"}',
        'convgroups_refusals_total{code="2503"}',
        route,
    ]
    before = [count(line) for line in counted]
    created(service, user, "x", c2c("a"), c2c(""))
    post(service, "create_contact_group", create_body(user, ""))
    assert [count(line) - was for line, was in zip(counted, before, strict=True)] == [1, 1, 1, 1, 2]


def test_a_number_that_json_does_not_have_is_not_sent_back(service: Service, user: str) -> None:
    contact = b'{"Type": NaN, "To_Account": -Infinity}'
    content = b'{"From_Account": "%s", "GroupContactItem": [{"GroupName": "x", "ContactItem": [%s]}]}'
    answer = told(post(service, "create_contact_group", None, content=content % (user.encode(), contact)))
    [item] = answer["GroupResultItem"][0]["ResultItem"]
    assert item == result({"Type": None, "To_Account": None}, 2503, MALFORMED)
