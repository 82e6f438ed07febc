"""What the calls take, give and refuse, as an application that was written for the product expects it."""

import json
from typing import Any

import pytest

from tests.e2e.client.conftest import NewDevice
from tests.e2e.client.device import APP, Device, told
from tests.e2e.service import Service

NOT_VALID = "Params validate failed."
MALFORMED = ["nonsense", "c2cx", "C2C", "GROUP", "", "C2C\u0000x", "C2C\ud800", "C2C" + "产" * 42, 7, None]


def edit(group: Any, *ids: Any) -> dict[str, Any]:
    return {"groupName": group, "conversationIDList": list(ids)}


def failures(answer: dict[str, Any]) -> list[tuple[Any, int]]:
    assert all(failed["message"] for failed in answer["data"]["failureConversationIDList"])
    return [(failed["conversationID"], failed["code"]) for failed in answer["data"]["failureConversationIDList"]]


@pytest.mark.parametrize("call", ["createConversationGroup", "addConversationsToGroup", "deleteConversationsFromGroup"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        None,
        edit("A"),
        edit("", "C2Cx"),
        edit(7, "C2Cx"),
        {"groupName": "A"},
        {"groupName": "A", "conversationIDList": "C2Cx"},
        {"conversationIDList": ["C2Cx"]},
    ],
)
def test_wrong_arguments_are_thrown_at_once(phone: Device, call: str, given: Any) -> None:
    assert phone.thrown(call, given) == NOT_VALID


def test_wrong_names_are_thrown_at_once(phone: Device) -> None:
    long = "x" * 33
    assert phone.thrown("createConversationGroup") == NOT_VALID
    assert phone.thrown("createConversationGroup", edit(long, "C2Cx")) == NOT_VALID
    assert phone.thrown("deleteConversationGroup", "") == NOT_VALID
    assert phone.thrown("deleteConversationGroup", {"groupName": "A"}) == NOT_VALID
    assert phone.thrown("renameConversationGroup", {"oldName": "A", "newName": ""}) == NOT_VALID
    assert phone.thrown("renameConversationGroup", {"oldName": "A", "newName": long}) == NOT_VALID
    assert phone.thrown("renameConversationGroup", {"newName": "B"}) == NOT_VALID
    assert phone.thrown("setConversationList", "C2Cx") == NOT_VALID
    assert phone.thrown("setConversationList", ["C2Cx"]) == NOT_VALID
    assert phone.thrown("login", {"userID": "alice"}) == NOT_VALID
    assert phone.thrown("login", None) == NOT_VALID
    assert phone.thrown("renameConversationGroup", None) == NOT_VALID


def test_codes_of_the_service_reject(phone: Device) -> None:
    thirty_two = "产" * 32
    assert phone.rejected("deleteConversationGroup", "missing")[0] == 51009
    assert phone.rejected("renameConversationGroup", {"oldName": "missing", "newName": "x"})[0] == 51009
    assert phone.rejected("addConversationsToGroup", edit("x" * 40, "C2Cx"))[0] == 51009
    code, message = phone.rejected("createConversationGroup", edit(thirty_two, "C2Cx"))
    assert (code, "32" in message) == (51011, True)
    assert phone.rejected("createConversationGroup", edit("A", *[f"C2C{n}" for n in range(101)]))[0] == 51006
    for number in range(20):
        phone.result("createConversationGroup", edit(f"group {number}", "C2Cx"))
    assert phone.rejected("createConversationGroup", edit("one more", "C2Cx"))[0] == 51010
    assert phone.rejected("renameConversationGroup", {"oldName": "group 0", "newName": "group 1"})[0] == 50002
    assert len(phone.groups()) == 20


def test_lists_say_what_became_of_each_conversation(phone: Device) -> None:
    created = phone.result("createConversationGroup", edit("A", "nonsense", "GROUPy", "C2Cx", "GROUPy", "nonsense", 7))
    assert created["data"]["successConversationIDList"] == ["GROUPy", "C2Cx"]
    assert failures(created) == [("nonsense", 2503), (7, 2503)]
    again = phone.result("addConversationsToGroup", edit("A", "C2Cx", "C2Cnew"))
    assert again["data"] == {"successConversationIDList": ["C2Cx", "C2Cnew"], "failureConversationIDList": []}
    removed = phone.result("deleteConversationsFromGroup", edit("A", "C2Cabsent", "C2Cx", "bad"))
    assert removed["data"]["successConversationIDList"] == ["C2Cabsent", "C2Cx"]
    assert failures(removed) == [("bad", 2503)]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_id_is_refused_on_the_device(phone: Device, malformed: Any) -> None:
    answer = phone.result("createConversationGroup", edit("A", malformed))
    assert failures(answer) == [(malformed, 2503)]
    assert phone.groups() == []


def test_delete_and_rename_resolve_to_undefined(phone: Device) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    assert phone.result("renameConversationGroup", {"oldName": "A", "newName": "B"}) is None
    assert phone.result("deleteConversationGroup", "B") is None


def test_conversations_are_found_by_id_by_group_or_all(phone: Device) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx", "GROUPy"))
    phone.result("createConversationGroup", edit("B", "C2Cz", "C2Cx"))
    assert phone.conversations() == {"C2Cx": ["A", "B"], "GROUPy": ["A"], "C2Cz": ["B"]}
    assert list(phone.conversations({"groupName": "B"})) == ["C2Cz", "C2Cx"]
    assert phone.conversations({"groupName": ""}) == {}
    assert phone.conversations({"groupName": "missing"}) == {}
    assert phone.conversations(["C2Cz", "C2Cnever", "bad"]) == {"C2Cz": ["B"], "C2Cnever": []}
    assert phone.conversations([]) == {}
    whole = phone.result("getConversationList", ["C2Cz"])
    assert whole == {"code": 0, "data": {"conversationList": [told("C2Cz", "B")], "isSyncCompleted": True}}


def test_a_list_that_was_handed_over_decides_what_is_known(phone: Device) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx", "C2Cgone"))
    own = [{"conversationID": one, "unreadCount": 3, "conversationGroupList": ["stale"]} for one in ("GROUPy", "C2Cx")]
    assert phone.result("setConversationList", own) is None
    assert phone.result("getConversationList")["data"]["conversationList"] == [
        {**told("GROUPy"), "unreadCount": 3},
        {**told("C2Cx", "A"), "unreadCount": 3},
    ]
    assert phone.conversations({"groupName": "A"}) == {"C2Cx": ["A"]}
    assert phone.conversations({"groupName": ""}) == {"GROUPy": []}
    assert phone.conversations(["C2Cx", "C2Cgone", "GROUPy"]) == {"GROUPy": [], "C2Cx": ["A"]}
    added = phone.result("addConversationsToGroup", edit("A", "C2Cgone", "GROUPy", "bad"))
    assert added["data"]["successConversationIDList"] == ["GROUPy"]
    assert failures(added) == [("C2Cgone", 2500), ("bad", 2503)]
    phone.wait_until(lambda: len(phone.heard) == 4, "its events")
    assert phone.heard[2][1] == [{**told("GROUPy", "A"), "unreadCount": 3}]


def test_calls_that_nobody_waits_for_are_done_in_order(phone: Device) -> None:
    begun = [
        phone.begin("createConversationGroup", edit("A", "C2Cx")),
        phone.begin("renameConversationGroup", {"oldName": "A", "newName": "B"}),
        phone.begin("addConversationsToGroup", edit("B", "C2Cz")),
    ]
    assert all("result" in phone.reply(number) for number in begun)
    assert phone.conversations({"groupName": "B"}) == {"C2Cx": ["B"], "C2Cz": ["B"]}


def test_before_login_and_after_logout_a_call_is_not_ready(new_device: NewDevice, user: str) -> None:
    device = new_device()
    for call in ("getConversationGroupList", "getConversationList", "deleteConversationGroup"):
        code, message = device.rejected(call)
        assert (code, message.split(" | ")[1]) == (2024, call)
    assert [name for name, _ in device.heard] == ["error"] * 3
    assert device.heard[0][1]["code"] == 2024
    device.login(user)
    assert device.result("isReady") is True
    assert device.result("logout") == {"code": 0, "data": {}}
    assert device.rejected("createConversationGroup")[0] == 3005
    assert [name for name, _ in device.heard] == ["sdkStateNotReady", "error"]


def test_while_login_is_under_way_a_call_is_not_ready(new_device: NewDevice, user: str) -> None:
    device = new_device()
    begun = device.begin("login", {"userID": user, "userSig": "any"})
    assert device.rejected("getConversationGroupList")[0] == 3000
    assert device.reply(begun)["result"]["code"] == 0


def test_another_user_may_log_in_on_the_same_device(phone: Device) -> None:
    phone.result("createConversationGroup", edit("A", "C2Cx"))
    phone.login("the-next-user")
    assert phone.groups() == []


def test_what_an_application_does_to_a_result_changes_nothing(phone: Device) -> None:
    text = """
    const name = TIM.EVENT.CONVERSATION_LIST_UPDATED;
    tim.on(name, (event) => event.data.forEach((one) => one.conversationGroupList.push('x')));
    tim.on(name, () => { throw new Error('of the application'); });
    tim.createConversationGroup({ groupName: 'A', conversationIDList: ['C2Cx'] });
    """
    phone.run(text)
    assert phone.conversations() == {"C2Cx": ["A"]}


def test_line_separators_in_names_and_ids_are_text_like_any_other(phone: Device, tablet: Device) -> None:
    phone.result("createConversationGroup", edit("a\u2028b", "C2Cx\u2029y"))
    tablet.wait_until(lambda: len(tablet.heard) == 2, "what the other device did")
    assert tablet.groups() == ["a\u2028b"]
    assert tablet.conversations() == {"C2Cx\u2029y": ["a\u2028b"]}


def test_a_name_of_the_device_in_any_writing_is_recorded_with_what_it_does(
    phone: Device, service: Service, user: str
) -> None:
    named = {"SDKAppID": APP, "baseURL": service.url, "device": "手机 📱"}
    text = f"""
    const other = TIM.create({json.dumps(named)});
    other.login({{ userID: '{user}', userSig: 'x' }})
      .then(() => other.createConversationGroup({{ groupName: 'A', conversationIDList: ['C2Cx'] }}))
      .catch((error) => console.error(error.message));
    """
    phone.run(text)
    phone.wait_until(lambda: len(phone.heard) == 2, "what the other device did")
    with service.client() as client:
        history = client.get(f"/v1/users/{user}/history").json()["events"]
    assert {event["device"] for event in history} == {"手机 📱"}


def test_whoever_logs_out_while_logging_in_is_not_logged_in(phone: Device) -> None:
    text = """
    tim.on(TIM.EVENT.CONVERSATION_LIST_UPDATED, () => tim.logout());
    tim.login({ userID: 'somebody', userSig: 'x' });
    """
    calls = {call["method"]: call for call in phone.run(text)["calls"]}
    assert calls["login"]["rejected"]["code"] == 3005
    assert phone.rejected("getConversationGroupList")[0] == 3005
