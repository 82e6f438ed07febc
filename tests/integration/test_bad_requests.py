"""User IDs, parameters, headers, paths and methods that mean nothing: refused in words, and nothing recorded."""

from typing import Any

import httpx
import pytest

from tests.integration.answers import assert_problem
from tests.integration.raw import ask
from tests.integration.service import Service

pytestmark = pytest.mark.usefixtures("nothing_recorded")
BODY = b'{"command": "CreateGroup", "groupName": "x"}'


def everywhere(service: Service, user: str) -> list[httpx.Response]:
    """Ask everything that is asked about a user."""
    return [
        ask(service, f"/v1/users/{user}/commands", method="POST", body=BODY),
        ask(service, f"/v1/users/{user}/commands?dryRun=true", method="POST", body=BODY),
        ask(service, f"/v1/users/{user}/groups"),
        ask(service, f"/v1/users/{user}/groups/1"),
        ask(service, f"/v1/users/{user}/conversations"),
        ask(service, f"/v1/users/{user}/conversations/lookup", method="POST", body=b'{"conversationIDs": []}'),
        ask(service, f"/v1/users/{user}/history"),
    ]


@pytest.mark.parametrize(
    "user",
    ["%00", "a%00b", "a%0Ab", "a%7F", "a%C2%85", "x" * 65, "x" * 3000, "%E7%94%A8" * 22, "x%20" * 33],
    ids=lambda user: f"{user[:12]} of {len(user)}",
)
def test_a_user_id_that_names_nobody_is_refused(service: Service, user: str) -> None:
    for response in everywhere(service, user):
        assert_problem(response, 400, "malformed-user-id", 50002)


@pytest.mark.parametrize(
    "user", ["a%2Fb", "a%2fb", "%2F", "%ff", "a%FFb", "%C0%AF", "%E0%80%AF", "%ED%A0%80", "%F8%88%80%80%80", "%C3"]
)
def test_a_path_that_would_name_another_user_is_refused(service: Service, user: str) -> None:
    for response in everywhere(service, user):
        assert_problem(response, 400, "malformed-path", 50002)


@pytest.mark.parametrize("user", ["", "a/b", "/", "a//b"])
def test_a_path_with_another_number_of_parts_is_no_path(service: Service, user: str) -> None:
    for response in everywhere(service, user):
        assert_problem(response, 404, "no-such-path", None)


@pytest.mark.parametrize("given", ["0", "-1", "1001", "1e3", "abc", "", "1.0", "+1", " 1", "%D9%A1", "9" * 4400])
@pytest.mark.parametrize("what", ["conversations", "history"])
def test_a_limit_is_a_number_from_1_to_1000(service: Service, user: str, what: str, given: str) -> None:
    response = ask(service, f"/v1/users/{user}/{what}?limit={given.replace('+', '%2B').replace(' ', '%20')}")
    problem = assert_problem(response, 400, "malformed", 50002)
    assert problem["errors"] == [{"field": "limit", "message": "limit is a whole number from 1 to 1000"}]


@pytest.mark.parametrize("given", ["-1", "abc", "", "1.5", "9007199254740992", "9" * 17, "1e3"])
def test_after_in_the_history_is_a_revision(service: Service, user: str, given: str) -> None:
    assert_problem(ask(service, f"/v1/users/{user}/history?after={given}"), 400, "malformed", 50002)


@pytest.mark.parametrize("given", ["", "1", "abc", "MS4w%", "LTEuMA==", "MS4wLjA=", "%F0%9F%98%80", "MS4=", "x" * 9999])
def test_after_in_the_conversations_is_a_former_next(service: Service, user: str, given: str) -> None:
    response = ask(service, f"/v1/users/{user}/conversations?after={given}")
    problem = assert_problem(response, 400, "malformed", 50002)
    assert problem["errors"][0]["field"] == "after"


@pytest.mark.parametrize("given", ["0", "-1", "abc", "1.0", "9007199254740992", "1" + "0" * 30, "true"])
def test_a_group_id_in_a_read_is_a_number(service: Service, user: str, given: str) -> None:
    for target in (f"groups/{given}", f"conversations?groupID={given}"):
        assert_problem(ask(service, f"/v1/users/{user}/{target}"), 400, "malformed", 50002)


def test_a_group_name_in_a_query_is_utf_8(service: Service, user: str) -> None:
    assert_problem(ask(service, f"/v1/users/{user}/conversations?groupName=%ff"), 400, "malformed-path", 50002)


@pytest.mark.parametrize(
    "header",
    [
        *("App-ID: abc", "App-ID: 0", "App-ID: -1", "App-ID: 01", "App-ID: 1.0", "App-ID:", "App-ID: \xb2"),
        *(f"App-ID: {2**53}", "App-ID: 1" + "0" * 30),
        *("Idempotency-Key:", 'Idempotency-Key: ""', "Idempotency-Key: a b", 'Idempotency-Key: "a b"'),
        *("Idempotency-Key: a\tb", "Idempotency-Key: \xe9", f"Idempotency-Key: {'k' * 256}"),
        *(f"Device-ID: {'d' * 129}", "Device-ID: \xff"),
        *(f"Correlation-ID: {'c' * 129}", "Correlation-ID: a\xc2\x85"),
    ],
    ids=lambda header: f"{header[:24]!r} of {len(header)}",
)
def test_a_malformed_header_is_refused(service: Service, user: str, header: str) -> None:
    response = ask(service, f"/v1/users/{user}/commands", header, method="POST", body=BODY)
    problem = assert_problem(response, 400, "malformed-header", 50002)
    assert header.partition(":")[0] in problem["detail"]


@pytest.mark.parametrize("header", ["Idempotency-Key: a\x01b", "Device-ID: a\x00b", "Correlation-ID: a\x1bb"])
def test_a_control_character_in_a_header_is_refused(service: Service, user: str, header: str) -> None:
    response = ask(service, f"/v1/users/{user}/commands", header, method="POST", body=BODY)
    assert response.status_code == 400


@pytest.mark.parametrize("header", [f"Idempotency-Key: {'k' * 255}", f'Idempotency-Key: "{"k" * 255}"', "App-ID: 1"])
def test_the_longest_key_and_the_smallest_app_are_taken(service: Service, user: str, header: str) -> None:
    body = b'{"command": "DeleteGroup", "groupName": "x"}'
    response = ask(service, f"/v1/users/{user}/commands", header, method="POST", body=body)
    assert_problem(response, 404, "group-not-found", 51009)


@pytest.mark.parametrize(
    ("allowed", "path", "methods"),
    [
        ("POST", "commands", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        ("GET, HEAD", "groups", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"]),
        ("GET, HEAD", "groups/1", ["POST", "DELETE"]),
        ("GET, HEAD", "conversations", ["POST", "PUT"]),
        ("POST", "conversations/lookup", ["GET", "PUT"]),
        ("GET, HEAD", "history", ["POST", "DELETE"]),
    ],
)
def test_another_method_is_refused_and_the_right_one_named(
    service: Service, user: str, allowed: str, path: str, methods: list[str]
) -> None:
    for method in methods:
        response = ask(service, f"/v1/users/{user}/{path}", method=method, body=BODY)
        assert response.headers["Allow"] == allowed
        if method == "HEAD":
            assert (response.status_code, response.content) == (405, b"")
        else:
            assert_problem(response, 405, "method-not-allowed", None)


@pytest.mark.parametrize("path", ["", "v1", "v1/users", "v1/users/alice", "v1/users/alice/groups/", "V1/limits", "v2"])
def test_a_path_that_is_not_served_is_refused(service: Service, path: str) -> None:
    for method in ("GET", "POST"):
        assert_problem(ask(service, f"/{path}", method=method, body=BODY), 404, "no-such-path", None)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "127.0.0.1.example.com",
        "192.168.0.1:80",
        "[2001:db8::1]",
        "a_b.c",
        "a`b.c",
        "[",
        "[::",
        "a b",
        "\xff",
    ],
)
def test_another_host_than_this_machine_is_refused(service: Service, user: str, host: str) -> None:
    response = ask(service, f"/v1/users/{user}/commands", method="POST", body=BODY, host=host)
    assert_problem(response, 403, "foreign-host", None)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.7:1", "LocalHost:80", "[::1]:8080", ""])
def test_a_host_that_is_this_machine_or_none_is_served(service: Service, user: str, host: str) -> None:
    assert ask(service, f"/v1/users/{user}/groups", host=host).status_code == 200


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("conversationIDs", b"{}"),
        ("conversationIDs", b'{"conversationIDs": "C2Ca"}'),
        ("conversationIDs.0", b'{"conversationIDs": [1]}'),
        ("limit", b'{"conversationIDs": [], "limit": 1}'),
        ("CreateGroups", b'{"conversationIDs": [], "CreateGroups": 1}'),
        ("", b"[]"),
    ],
)
def test_a_malformed_lookup_is_refused(service: Service, user: str, field: str, body: bytes) -> None:
    response = ask(service, f"/v1/users/{user}/conversations/lookup", method="POST", body=body)
    problem = assert_problem(response, 400, "malformed", 50002)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_lookup_of_more_than_300_is_refused(service: Service, user: str) -> None:
    asked: Any = {"conversationIDs": ["C2Ca"] * 301}
    response = service.client.post(f"/v1/users/{user}/conversations/lookup", json=asked)
    assert_problem(response, 422, "too-many-conversations-asked", 50002, limit=300)
    asked["conversationIDs"].pop()
    response = service.client.post(f"/v1/users/{user}/conversations/lookup", json=asked)
    assert len(response.json()["conversations"]) == 300
