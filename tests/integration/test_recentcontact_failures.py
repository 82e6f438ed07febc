"""Every failure of the product's calls: status 200, the product's code, and a sentence."""

import json
from collections.abc import Iterator
from inspect import signature
from typing import Any

import pytest

from adapters.http.recentcontact.failures import code_and_info
from domain.ports import Unavailable
from domain.refusals import Refusal
from domain.submission import Reply
from tests.integration.raw import exchange, request, status
from tests.integration.recentcontact import (
    DEFAULT_APP,
    assert_fails,
    c2c,
    change_body,
    create_body,
    delete_body,
    ok,
    post,
    rename_body,
)
from tests.integration.service import Service, running
from tests.integration.signed import (
    ADMIN,
    APP,
    OTHER_APP,
    POOR_APP,
    SMALL_APP,
    apps_in,
    usersig,
)

CALLS: dict[str, Any] = {
    "create_contact_group": create_body("{user}", "x", c2c("a")),
    "update_contact_group": change_body("{user}", "x", (1, c2c("a"))),
    "del_contact_group": delete_body("{user}", "x"),
    "get_contact_group": {"From_Account": "{user}", "StartIndex": 0},
    "search_contact_group": {"From_Account": "{user}", "ContactItem": [c2c("a")]},
}
COMMANDS = [call for call in CALLS if call not in ("get_contact_group", "search_contact_group")]


def body_of(call: str, user: str) -> Any:
    return json.loads(json.dumps(CALLS[call]).replace("{user}", user))


@pytest.fixture(scope="module")
def signed_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("signed")
    with running(folder / "log.db", auth="usersig", apps_file=apps_in(folder)) as service:
        yield service


@pytest.mark.parametrize("kind", Refusal.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_refusal_has_one_of_the_codes_that_are_documented(kind: type[Refusal]) -> None:
    refusal = kind(*range(len(signature(kind.__init__).parameters) - 1)) if "__init__" in vars(kind) else kind()
    code, info = code_and_info(refusal)
    assert code == (kind.code or 50002)
    assert code in {2503, 50002, 51006, 51008, 51009, 51010, 51011, 51013}
    assert info == str(refusal) != ""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"From_Account": "a"} x', b'{"From_Account": "\\ud800"}'])
@pytest.mark.usefixtures("nothing_recorded")
def test_what_is_not_json_is_60002(service: Service, call: str, content: bytes) -> None:
    assert_fails(post(service, call, None, content=content), 60002, "not JSON")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [[], "x", 7, {}, {"From_Account": 7}, {"From_Account": None}])
@pytest.mark.usefixtures("nothing_recorded")
def test_what_is_no_such_call_is_50002(service: Service, call: str, body: Any) -> None:
    assert_fails(post(service, call, body), 50002)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("user", ["", "a/b", "a\n", "a" * 65])
@pytest.mark.usefixtures("nothing_recorded")
def test_a_user_id_that_is_none_is_50002(service: Service, call: str, user: str) -> None:
    body = {**CALLS[call], "From_Account": user}
    assert_fails(post(service, call, body), 50002, "user ID")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("app", [None, "", "x", "0", "-1", "1.0", str(2**53), "9" * 500, "１"])
@pytest.mark.usefixtures("nothing_recorded")
def test_without_an_app_it_is_60012(service: Service, user: str, call: str, app: str | None) -> None:
    assert_fails(post(service, call, body_of(call, user), sdkappid=app), 60012, "sdkappid")


@pytest.mark.parametrize(
    ("call", "change"),
    [
        ("create_contact_group", {"GroupContactItem": []}),
        ("create_contact_group", {"GroupContactItem": [{"GroupName": "a"}, {"GroupName": "b"}]}),
        ("create_contact_group", {"GroupContactItem": {"GroupName": "a"}}),
        ("create_contact_group", {"GroupContactItem": [{}]}),
        ("create_contact_group", {"GroupContactItem": [{"GroupName": 7}]}),
        ("create_contact_group", {"GroupContactItem": [{"GroupName": "a", "ContactItem": "C2Ca"}]}),
        ("create_contact_group", {"GroupContactItem": [{"GroupName": "a", "ContactItem": ["C2Ca"]}]}),
        ("create_contact_group", {"GroupContactItem": [{"GroupName": "a\n"}]}),
        ("update_contact_group", {"UpdateType": 2}),
        ("update_contact_group", {"UpdateGroup": None}),
        ("update_contact_group", {"UpdateGroup": {"UpdateGroupType": 3, "OldGroupName": "x"}}),
        ("update_contact_group", {"UpdateGroup": {"UpdateGroupType": 1, "OldGroupName": "x"}}),
        ("update_contact_group", {"UpdateGroup": {"UpdateGroupType": 2}}),
        ("del_contact_group", {"GroupName": []}),
        ("del_contact_group", {"GroupName": "x"}),
        ("del_contact_group", {"GroupName": ["x", "y"]}),
        ("search_contact_group", {"ContactItem": "x"}),
        ("search_contact_group", {"ContactItem": ["x"]}),
    ],
)
@pytest.mark.usefixtures("nothing_recorded")
def test_a_wrong_parameter_is_50002(service: Service, user: str, call: str, change: Any) -> None:
    assert_fails(post(service, call, {**body_of(call, user), **change}), 50002)


def test_an_operation_that_is_none_is_50002(service: Service, user: str) -> None:
    assert_fails(post(service, "update_contact_group", change_body(user, "x", (3, c2c("a")))), 50002, "ContactOptType")


def test_what_would_join_and_leave_is_50002(service: Service, user: str) -> None:
    ok(service, "create_contact_group", create_body(user, "x"))
    body = change_body(user, "x", (1, c2c("a")), (2, c2c("a")))
    assert_fails(post(service, "update_contact_group", body), 50002, "C2Ca")


def test_a_name_of_another_group_is_50002(service: Service, user: str) -> None:
    for name in "xy":
        ok(service, "create_contact_group", create_body(user, name))
    assert_fails(post(service, "update_contact_group", rename_body(user, "x", "y")), 50002, "'y'")


@pytest.mark.usefixtures("nothing_recorded")
def test_no_conversation_or_more_than_100_is_51006(service: Service, user: str) -> None:
    many = [c2c(str(n)) for n in range(101)]
    assert_fails(post(service, "create_contact_group", create_body(user, "x", *many)), 51006)
    for changes in ([], [(1, one) for one in many], [(2, one) for one in many]):
        assert_fails(post(service, "update_contact_group", change_body(user, "x", *changes)), 51006)
    body = change_body(user, "x")
    del body["UpdateGroup"]["ContactUpdateItem"]
    assert_fails(post(service, "update_contact_group", body), 51006)


@pytest.mark.usefixtures("nothing_recorded")
def test_a_group_that_is_not_there_is_51009(service: Service, user: str) -> None:
    for name in ("x", ""):
        assert_fails(post(service, "del_contact_group", delete_body(user, name)), 51009)
        assert_fails(post(service, "update_contact_group", rename_body(user, name, "y")), 51009)
        for kind in (1, 2):
            assert_fails(post(service, "update_contact_group", change_body(user, name, (kind, c2c("a")))), 51009)


def test_the_21st_group_is_51010(service: Service, user: str) -> None:
    for n in range(20):
        ok(service, "create_contact_group", create_body(user, str(n)))
    assert_fails(post(service, "create_contact_group", create_body(user, "x")), 51010, "20")


def test_a_name_that_is_empty_or_too_long_is_51011(service: Service, user: str) -> None:
    ok(service, "create_contact_group", create_body(user, "x"))
    for name in ("", "a" * 33, "字" * 11):
        assert_fails(post(service, "create_contact_group", create_body(user, name)), 51011, "32")
        assert_fails(post(service, "update_contact_group", rename_body(user, "x", name)), 51011, "32")


@pytest.mark.parametrize("call", COMMANDS)
def test_an_app_of_another_edition_is_51013(signed_service: Service, user: str, call: str) -> None:
    query: Any = {"sdkappid": POOR_APP, "identifier": user, "usersig": usersig(user, app=POOR_APP)}
    assert_fails(post(signed_service, call, body_of(call, user), **query), 51013)


def test_the_limits_of_the_app_hold(signed_service: Service, user: str) -> None:
    query: Any = {"sdkappid": SMALL_APP, "identifier": user, "usersig": usersig(user, app=SMALL_APP)}
    assert_fails(post(signed_service, "create_contact_group", create_body(user, "123456"), **query), 51011, "5 bytes")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v4/recentcontact/mark_contact"),
        ("POST", "/v4/recentcontact/get_list"),
        ("POST", "/v4/recentcontact/"),
        ("POST", "/v4/create_contact_group"),
        ("POST", "/v4/openim/sendmsg"),
        ("GET", "/v4/recentcontact/get_contact_group"),
        ("HEAD", "/v4/recentcontact/mark_contact"),
        ("PUT", "/v4/recentcontact/create_contact_group"),
        ("OPTIONS", "/v4/recentcontact/create_contact_group"),
    ],
)
def test_what_is_not_served_is_60009(service: Service, user: str, method: str, path: str) -> None:
    query: Any = {"sdkappid": DEFAULT_APP, "identifier": user}
    response = service.client.request(method, path, params=query)
    assert response.status_code == 200
    if method != "HEAD":
        assert_fails(response, 60009)


def test_marks_are_not_served_and_that_is_said(service: Service, user: str) -> None:
    item = {"OptType": 1, "ContactItem": c2c("a"), "SetMark": [0]}
    response = post(service, "mark_contact", {"From_Account": user, "MarkItem": [item]})
    assert_fails(response, 60009, "mark_contact is not served")


@pytest.mark.usefixtures("nothing_recorded")
def test_a_body_that_is_too_large_is_50002(service: Service, user: str) -> None:
    body = create_body(user, "x" * 2**20)
    assert_fails(post(service, "create_contact_group", body), 50002, "1048576")


@pytest.mark.usefixtures("nothing_recorded")
def test_a_body_that_never_comes_to_an_end_is_50005_and_ends_the_connection(
    service: Service, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.http.bodies.LONGEST_BODY", 0.05)
    target = f"/v4/recentcontact/create_contact_group?sdkappid=1&identifier={user}"
    body = json.dumps(create_body(user, "x")).encode()
    answer = exchange(service, request(target, method="POST", body=body, close=False)[:-1])
    assert status(answer) == 200
    assert b'"ErrorCode":50005' in answer
    assert b"connection: close" in answer.lower()


@pytest.mark.usefixtures("nothing_recorded")
def test_a_query_that_is_no_utf_8_is_50002(service: Service, user: str) -> None:
    target = f"/v4/recentcontact/create_contact_group?sdkappid=1&identifier={user}%ff"
    answer = exchange(service, request(target, method="POST", body=json.dumps(create_body(user, "x")).encode()))
    assert status(answer) == 200
    assert b'"ErrorCode":50002' in answer


@pytest.mark.parametrize("name", ["a/b", "a\n", "x" * 65])
@pytest.mark.usefixtures("nothing_recorded")
def test_an_identifier_that_is_none_is_50002(service: Service, user: str, name: str) -> None:
    assert_fails(post(service, "create_contact_group", create_body(user, "x"), identifier=name), 50002, "identifier")


@pytest.mark.usefixtures("nothing_recorded")
def test_a_malformed_header_is_50002(service: Service, user: str) -> None:
    query: Any = {"sdkappid": DEFAULT_APP, "identifier": user}
    path, headers = "/v4/recentcontact/create_contact_group", {"Idempotency-Key": "a b"}
    response = service.client.post(path, params=query, headers=headers, json=create_body(user, "x"))
    assert_fails(response, 50002, "Idempotency-Key")


def test_a_key_that_was_used_for_another_call_is_50002(service: Service, user: str) -> None:
    query: Any = {"sdkappid": DEFAULT_APP, "identifier": user}
    path, headers = "/v4/recentcontact/create_contact_group", {"Idempotency-Key": "k"}
    for name in "xy":
        response = service.client.post(path, params=query, headers=headers, json=create_body(user, name))
    assert_fails(response, 50002, "idempotency key")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("error", "code"), [(Unavailable("The database is away"), 50005), (ValueError("x"), 50004)])
def test_what_is_not_the_callers_fault_is_50005_or_50004(
    service: Service, user: str, monkeypatch: pytest.MonkeyPatch, call: str, error: Exception, code: int
) -> None:
    async def handle(*_: Any) -> list[Reply]:
        raise error

    def lists(*_: Any) -> None:
        raise error

    monkeypatch.setattr(type(service.store.groups), "_decide_and_record", handle)
    monkeypatch.setattr("adapters.http.reads.current_lists", lists)
    assert_fails(post(service, call, body_of(call, user)), code, "ry again")


SOMEBODY = "somebody"
SIGNATURES: list[tuple[str, dict[str, Any], int]] = [
    ("missing", {"usersig": None}, 70003),
    ("empty", {"usersig": ""}, 70003),
    ("unreadable", {"usersig": "xxxxxx"}, 70003),
    ("forged", {"usersig": usersig(SOMEBODY, key="wrong")}, 70003),
    ("expired", {"usersig": usersig(SOMEBODY, expire=0)}, 70001),
    ("of another user", {"usersig": usersig("bob")}, 70013),
    ("of an administrator who is not named", {"usersig": usersig(ADMIN)}, 70013),
    ("of nobody who is named", {"identifier": None}, 70013),
    ("of another app", {"usersig": usersig(SOMEBODY, app=OTHER_APP)}, 70014),
    ("of an app that is not known", {"usersig": usersig(SOMEBODY, app=7, key="k")}, 70014),
    ("for another app", {"sdkappid": OTHER_APP}, 70014),
    ("for an app that is not known", {"sdkappid": 7}, 70014),
    ("of no app that is known", {"sdkappid": 7, "usersig": usersig(SOMEBODY, app=7, key="k")}, 70003),
    ("without an app", {"sdkappid": None}, 60012),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("query", "code"), [one[1:] for one in SIGNATURES], ids=[one[0] for one in SIGNATURES])
def test_a_bad_signature_is_refused_with_its_code(
    signed_service: Service, call: str, query: dict[str, Any], code: int
) -> None:
    before = signed_service.head()
    good: Any = {"sdkappid": APP, "identifier": SOMEBODY, "usersig": usersig(SOMEBODY)}
    assert_fails(post(signed_service, call, body_of(call, SOMEBODY), **{**good, **query}), code)
    assert signed_service.head() == before


@pytest.mark.parametrize("call", CALLS)
def test_another_user_is_60010(signed_service: Service, user: str, call: str) -> None:
    before = signed_service.head()
    query: Any = {"sdkappid": APP, "identifier": "mallory", "usersig": usersig("mallory")}
    assert_fails(post(signed_service, call, body_of(call, user), **query), 60010, "administrator")
    admin_elsewhere: Any = {"sdkappid": SMALL_APP, "identifier": ADMIN, "usersig": usersig(ADMIN, app=SMALL_APP)}
    assert_fails(post(signed_service, call, body_of(call, user), **admin_elsewhere), 60010, "administrator")
    assert signed_service.head() == before


@pytest.mark.parametrize("who", ["the user", ADMIN])
def test_the_user_and_an_administrator_are_let_in(signed_service: Service, user: str, who: str) -> None:
    identifier = user if who == "the user" else who
    query: Any = {"sdkappid": APP, "identifier": identifier, "usersig": usersig(identifier, key="old")}
    ok(signed_service, "create_contact_group", create_body(user, "中文", c2c("张三")), **query)
    answer = ok(signed_service, "get_contact_group", {"From_Account": user}, **query)
    assert answer["GroupItem"] == [{"GroupName": "中文", "GroupId": 1}]


def test_who_is_not_let_in_is_told_before_the_body_is_read(signed_service: Service) -> None:
    target = f"/v4/recentcontact/create_contact_group?sdkappid={APP}&identifier=alice"
    head = request(target, "Expect: 100-continue", method="POST", body=b"x" * 500)[:-500]
    answer = exchange(signed_service, head)
    assert b'"ErrorCode":70003' in answer
    assert b"100 Continue" not in answer
