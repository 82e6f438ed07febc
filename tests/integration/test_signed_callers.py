"""With `CONVGROUPS_AUTH=usersig` whoever asks proves who they are, on every route that shows or changes something."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.answers import assert_problem
from tests.integration.raw import exchange, request, status
from tests.integration.service import Service, running
from tests.integration.signed import ADMIN, APP, OTHER_APP, POOR_APP, SMALL_APP, apps_in, signed, usersig

CREATE: Any = {"command": "CreateGroup", "groupName": "Suppliers"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("signed")
    with running(folder / "log.db", auth="usersig", apps_file=apps_in(folder)) as running_service:
        yield running_service


ROUTES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/users/{user}/commands", CREATE),
    ("GET", "/v1/users/{user}/groups", None),
    ("GET", "/v1/users/{user}/groups/1", None),
    ("GET", "/v1/users/{user}/conversations", None),
    ("POST", "/v1/users/{user}/conversations/lookup", {"conversationIDs": []}),
    ("GET", "/v1/users/{user}/history", None),
    ("GET", "/v1/users/{user}/events", None),
    ("GET", "/v1/limits", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.usefixtures("nothing_recorded")
def test_no_route_answers_who_does_not_sign(service: Service, user: str, method: str, path: str, body: Any) -> None:
    response = service.client.request(method, path.format(user=user), json=body)
    problem = assert_problem(response, 401, "not-signed-in", 70003)
    assert response.headers["WWW-Authenticate"] == "UserSig"
    assert "Authorization: UserSig usersig=" in problem["detail"]


def test_every_route_is_among_those_that_ask_for_a_signature(service: Service) -> None:
    paths = service.client.get("/openapi.json").json()["paths"]
    ours = {path.replace("{userID}", "{user}").replace("{groupID}", "1") for path in paths if path.startswith("/v1")}
    assert ours == {path for _, path, _ in ROUTES}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"])
def test_what_is_open_needs_no_signature(service: Service, path: str) -> None:
    assert service.client.get(path, headers={"Host": "groups.example.com"}).status_code == 200


@pytest.mark.parametrize(("key", "identifier"), [("new", "alice"), ("old", "alice"), ("new", "张三"), ("new", " a\\")])
def test_a_user_acts_on_their_own_groups_with_each_key_of_the_app(service: Service, key: str, identifier: str) -> None:
    headers = signed(identifier, key=key)
    answer = service.done(identifier, "CreateGroup", groupName=f"by {key}", headers=headers)
    assert answer["groupName"] == f"by {key}"
    [*_, event] = service.client.get(f"/v1/users/{identifier}/history", headers=headers).json()["events"]
    assert (event["sdkAppID"], event["userID"], event["actor"]) == (APP, identifier, identifier)


def test_an_administrator_acts_on_the_groups_of_every_user(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="x", headers=signed(ADMIN))
    [event] = service.client.get(f"/v1/users/{user}/history", headers=signed("root")).json()["events"]
    assert (event["sdkAppID"], event["userID"], event["actor"]) == (APP, user, ADMIN)


def test_an_administrator_of_another_app_reaches_a_user_of_that_app(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="x", headers=signed(user))
    groups = service.client.get(f"/v1/users/{user}/groups", headers=signed(ADMIN, app=OTHER_APP)).json()
    assert groups["revision"] == 0


@pytest.mark.parametrize(("method", "path", "body"), [route for route in ROUTES if "{user}" in route[1]])
@pytest.mark.usefixtures("nothing_recorded")
def test_another_user_is_not_let_in(service: Service, user: str, method: str, path: str, body: Any) -> None:
    response = service.client.request(method, path.format(user=user), json=body, headers=signed("mallory"))
    assert_problem(response, 403, "another-user", 50003)


def _tampered(good: str) -> str:
    return good[:60] + ("A" if good[60] != "A" else "B") + good[61:]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (usersig("alice", expire=-10), 70003),  # as good as forged: nobody means that
        (usersig("alice", expire=0), 70001),
        (usersig("alice", key="wrong"), 70003),
        (usersig("alice", app=OTHER_APP, key="new"), 70003),
        (usersig("alice", app=1400000009, key="new"), 70003),
        (usersig("a/b"), 70003),
        (usersig("a\nTLS.sdkappid:1"), 70003),
        (_tampered(usersig("alice")), 70003),
        (usersig("alice")[:-10], 70003),
        ("", 70003),
        ("A" * 5000, 70003),
    ],
)
@pytest.mark.usefixtures("nothing_recorded")
def test_a_bad_signature_is_not_let_in(service: Service, given: str, code: int) -> None:
    response = service.send("alice", headers={"Authorization": f'UserSig usersig="{given}"'}, **CREATE)
    assert_problem(response, 401, "not-signed-in", code)
    assert response.headers["WWW-Authenticate"] == "UserSig"


@pytest.mark.parametrize("scheme", ["Bearer {}", "UserSig {}", 'UserSig sig="{}"', "{}", 'UserSig usersig="{}', ""])
def test_another_form_is_told_the_right_one(service: Service, scheme: str) -> None:
    headers = {"Authorization": scheme.format(usersig("alice"))}
    problem = assert_problem(service.send("alice", headers=headers, **CREATE), 401, "not-signed-in", 70003)
    assert 'UserSig usersig="..."' in problem["detail"]


@pytest.mark.parametrize("form", ['UserSig usersig="{}"', "UserSig usersig={}", 'usersig  usersig = "{}"'])
def test_the_form_is_read_as_forms_of_http_are(service: Service, user: str, form: str) -> None:
    headers = {"Authorization": form.format(usersig(user))}
    assert service.client.get(f"/v1/users/{user}/groups", headers=headers).status_code == 200


def test_two_signatures_are_none(service: Service, user: str) -> None:
    headers = [("Authorization", value) for who in (user, ADMIN) for value in signed(who).values()]
    response = service.client.get(f"/v1/users/{user}/groups", headers=headers)
    assert_problem(response, 401, "not-signed-in", 70003)


def test_the_header_app_id_may_repeat_the_app_and_not_change_it(service: Service, user: str) -> None:
    for header, expected in ((str(APP), 200), (str(OTHER_APP), 403), ("x", 400)):
        headers = {**signed(user), "App-ID": header}
        assert service.client.get(f"/v1/users/{user}/groups", headers=headers).status_code == expected
    response = service.client.get("/v1/limits", headers={**signed(user), "App-ID": str(OTHER_APP)})
    assert_problem(response, 403, "another-app", 50003)


def test_who_is_not_let_in_is_told_before_the_body_is_read(service: Service, user: str) -> None:
    head = request(f"/v1/users/{user}/commands", "Expect: 100-continue", method="POST", body=b"x" * 500)[:-500]
    answer = exchange(service, head)
    assert (status(answer), b"100 Continue" in answer) == (401, False)


def test_the_limits_of_the_app_hold_and_are_shown(service: Service, user: str) -> None:
    headers = signed(user, app=SMALL_APP)
    limits = service.client.get("/v1/limits", headers=headers).json()
    assert limits == {
        "groups": 2,
        "nameBytes": 5,
        "conversationsPerCommand": 3,
        "conversations": 4,
        "overflow": "evict-oldest",
    }
    assert service.client.get("/v1/limits", headers=signed(user)).json()["groups"] == 20
    service.done(user, "CreateGroup", groupName="1", conversationIDs=["C2Ca", "C2Cb", "C2Cc"], headers=headers)
    answer = service.done(user, "CreateGroup", groupName="2", conversationIDs=["C2Cd", "C2Ce"], headers=headers)
    assert answer["evicted"] == ["C2Ca"]
    refused = service.send(user, "CreateGroup", groupName="3", headers=headers)
    assert_problem(refused, 422, "too-many-groups", 51010, limit=2)
    refused = service.send(user, "CreateGroup", groupName="123456", headers=headers)
    assert_problem(refused, 422, "group-name-length", 51011, limit=5)
    four = [f"C2C{n}" for n in range(4)]
    refused = service.send(user, "AddConversations", groupName="1", conversationIDs=four, headers=headers)
    assert_problem(refused, 422, "conversation-count", 51006, limit=3)


def test_the_live_feed_ends_with_the_signature_and_goes_on_with_a_new_one(service: Service, user: str) -> None:
    path = f"/v1/users/{user}/events"
    with service.client.stream("GET", path, headers=signed(user, expire=2)) as response:
        told = "".join(response.iter_text())
    [cursor] = re.findall(r"^id: (.*)$", told, re.MULTILINE)
    assert service.client.get(path, headers=signed(user, expire=-1)).status_code == 401
    service.done(user, "CreateGroup", groupName="meanwhile", headers=signed(user))
    with service.client.stream("GET", path, headers={**signed(user), "Last-Event-ID": cursor}) as response:
        assert any("meanwhile" in line for line in response.iter_lines())


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("CreateGroup", {"groupName": "x"}),
        ("DeleteGroup", {"groupName": "x"}),
        ("RenameGroup", {"groupName": "x", "newName": "y"}),
        ("AddConversations", {"groupName": "x", "conversationIDs": ["C2Ca"]}),
        ("RemoveConversations", {"groupName": "x", "conversationIDs": ["C2Ca"]}),
        ("UpdateConversations", {"groupName": "x", "add": ["C2Ca"]}),
        ("ReorderGroup", {"groupName": "x", "before": None}),
    ],
)
@pytest.mark.usefixtures("nothing_recorded")
def test_an_app_of_another_edition_is_refused_every_command(
    service: Service, user: str, command: str, fields: Any
) -> None:
    refused = service.send(user, command, headers=signed(user, app=POOR_APP), **fields)
    assert_problem(refused, 403, "package-missing", 51013)
