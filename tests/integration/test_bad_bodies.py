"""Bodies that are no command: each is refused in words, and nothing is recorded."""

from typing import Any

import pytest

from tests.integration.answers import assert_problem
from tests.integration.service import Service

pytestmark = pytest.mark.usefixtures("nothing_recorded")
ADD = '{"command": "AddConversations", "groupID": 1, "conversationIDs": '
JSON = {"Content-Type": "application/json"}


def shortened(value: str | bytes) -> str:
    return repr(value) if len(value) < 60 else f"{value[:40]!r} and more, {len(value)} in all"


def post(service: Service, user: str, body: Any, headers: dict[str, str] = JSON) -> Any:
    return service.client.post(f"/v1/users/{user}/commands", content=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"CreateGroup",
        b'{"command": "CreateGroup", "groupName": "x"',
        b'{"command": "CreateGroup", "groupName": "x"} {}',
        b"{'command': 'CreateGroup'}",
        b'{"command": "CreateGroup", "groupName": "x",}',
        b'{"command": "CreateGroup", "groupName": "\xff"}',
        b'{"command": "CreateGroup", "groupName": "\xc0\xaf"}',
        '{"command": "CreateGroup", "groupName": "x"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"command": "CreateGroup", "groupName": "x"}',
        b'{"command": "CreateGroup", "groupName": "\\ud800"}',
        b'{"command": "CreateGroup", "groupName": "x\\udc00\\ud800"}',
        ADD.encode() + b'["C2C\\ud83d"]}',
        b'{"command": "CreateGroup", "groupName": "\xed\xa0\x80"}',
        b'{"command": "CreateGroup", "groupName": "a\nb"}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        ADD.encode() + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
    ids=shortened,
)
def test_what_is_not_json_is_refused(service: Service, user: str, body: bytes) -> None:
    problem = assert_problem(post(service, user, body), 400, "not-json", 50002)
    assert "Invalid JSON" in problem["detail"]


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("", "null"),
        ("", "1"),
        ("", '"CreateGroup"'),
        ("", "[]"),
        ("", '[{"command": "CreateGroup", "groupName": "x"}]'),
        ("", "{}"),
        ("", '{"groupName": "x"}'),
        ("", '{"command": "createGroup", "groupName": "x"}'),
        ("", '{"command": "DropGroup", "groupName": "x"}'),
        ("", '{"command": null, "groupName": "x"}'),
        ("", '{"command": ["CreateGroup"], "groupName": "x"}'),
        ("groupName", '{"command": "CreateGroup"}'),
        ("groupName", '{"command": "CreateGroup", "groupName": null}'),
        ("groupName", '{"command": "CreateGroup", "groupName": 7}'),
        ("groupName", '{"command": "CreateGroup", "groupName": ["x"]}'),
        ("groupID", '{"command": "CreateGroup", "groupName": "x", "groupID": 1}'),
        ("extra", '{"command": "CreateGroup", "groupName": "x", "extra": 1}'),
        ("GroupName", '{"command": "CreateGroup", "groupName": "x", "GroupName": "y"}'),
        ("group_name", '{"command": "CreateGroup", "group_name": "x", "groupName": "x"}'),
        ("conversationIDs", '{"command": "CreateGroup", "groupName": "x", "conversationIDs": "C2Ca"}'),
        ("conversationIDs", '{"command": "CreateGroup", "groupName": "x", "conversationIDs": null}'),
        ("conversationIDs", '{"command": "CreateGroup", "groupName": "x", "conversationIDs": {"0": "C2Ca"}}'),
        ("conversationIDs", '{"command": "AddConversations", "groupID": 1}'),
        ("conversationIDs.1", ADD + '["C2Ca", 1]}'),
        ("conversationIDs.0", ADD + "[null]}"),
        ("newName", '{"command": "RenameGroup", "groupID": 1}'),
        ("before", '{"command": "ReorderGroup", "groupID": 1}'),
        ("", '{"command": "DeleteGroup"}'),
        ("", '{"command": "DeleteGroup", "groupName": "x", "groupID": 1}'),
        ("", '{"command": "DeleteGroup", "groupName": null, "groupID": null}'),
    ],
)
def test_a_wrong_shape_is_refused_and_its_field_named(service: Service, user: str, field: str, body: str) -> None:
    problem = assert_problem(post(service, user, body), 400, "malformed", 50002)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert (field or "the body") in problem["detail"]


@pytest.mark.parametrize("number", ['"1"', "true", "1.0", "1e2", "1E0", "10.5", "NaN", "Infinity", "[1]", "{}"])
@pytest.mark.parametrize("field", ["groupID", "before", "expectedRevision"])
def test_only_an_integer_is_a_number(service: Service, user: str, field: str, number: str) -> None:
    assert_field_refused(service, user, field, number)


@pytest.mark.parametrize(
    "number", ["-1", str(2**53), str(2**63), str(2**64), "1" + "0" * 30, "-" + "9" * 4000], ids=shortened
)
@pytest.mark.parametrize("field", ["groupID", "before", "expectedRevision"])
def test_a_number_out_of_range_is_refused(service: Service, user: str, field: str, number: str) -> None:
    assert_field_refused(service, user, field, number)


@pytest.mark.parametrize("field", ["groupID", "before"])
def test_no_group_has_the_id_zero(service: Service, user: str, field: str) -> None:
    assert_field_refused(service, user, field, "0")


def assert_field_refused(service: Service, user: str, field: str, number: str) -> None:
    fields = {"groupID": "1", "before": "2", field: number}
    body = '{"command": "ReorderGroup", ' + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"
    problem = assert_problem(post(service, user, body), 400, "malformed", 50002)
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    "conversation_id",
    [
        *("", "C2C", "GROUP", "c2ca", "group1", "GROU1", " C2Ca"),
        *("x" * 2000, "C2C" + "x" * 1997, "C2C" + "用" * 42),
        *("C2Ca\x00", "GROUPa\nb", "C2C\x7f"),
    ],
    ids=shortened,
)
def test_a_malformed_conversation_id_is_refused_alone(service: Service, user: str, conversation_id: str) -> None:
    answer = service.done(user, "CreateGroup", groupName="x", conversationIDs=[conversation_id])
    [failure] = answer["failureConversationIDList"]
    assert (failure["conversationID"], failure["code"], answer["events"]) == (conversation_id, 2503, [])


@pytest.mark.parametrize(
    "body",
    [
        ADD + "[" + ",".join(["1"] * 500_000) + "]}",
        ADD + '["C2Ca"],' + ",".join(f'"{n}":1' for n in range(90_000)) + "}",
        ADD + '["' + '","'.join(f"C2C{n}" for n in range(80_000)) + '"]}',
    ],
    ids=["500,000 wrong items", "90,000 unknown fields", "80,000 conversations"],
)
def test_a_body_that_is_wrong_a_hundred_thousand_times_is_answered_shortly(
    service: Service, user: str, body: str
) -> None:
    response = post(service, user, body)
    assert (response.status_code, response.json().get("code")) in {(400, 50002), (404, 51009), (422, 51006)}
    assert len(response.content) < 1000


def test_of_a_field_given_twice_the_last_counts(service: Service, user: str) -> None:
    body = '{"command": "CreateGroup", "command": "DeleteGroup", "groupName": "x", "groupName": "y"}'
    assert_problem(post(service, user, body), 404, "group-not-found", 51009, groupName="y")


@pytest.mark.parametrize("length", [1024 * 1024 + 1, 2 * 1024 * 1024])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_1_mib_is_refused(service: Service, user: str, length: int, chunked: bool) -> None:
    body = b" " * length
    pieces = (body[start : start + 65_536] for start in range(0, length, 65_536))
    response = post(service, user, pieces if chunked else body)
    assert_problem(response, 413, "body-too-large", None, limit=1024 * 1024)


def test_a_body_of_1_mib_is_read(service: Service, user: str) -> None:
    command = b'{"command": "DeleteGroup", "groupName": "x"}'
    body = command + b" " * (1024 * 1024 - len(command))
    assert_problem(post(service, user, body), 404, "group-not-found", 51009)


@pytest.mark.parametrize("given", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp", "json"])
def test_another_content_type_is_refused(service: Service, user: str, given: str) -> None:
    body = '{"command": "CreateGroup", "groupName": "x"}'
    assert_problem(post(service, user, body, {"Content-Type": given}), 415, "not-json-content", None)


def test_no_content_type_is_refused(service: Service, user: str) -> None:
    assert_problem(post(service, user, b'{"command": "DeleteGroup"}', {}), 415, "not-json-content", None)


@pytest.mark.parametrize("given", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"])
def test_a_content_type_may_have_parameters(service: Service, user: str, given: str) -> None:
    body = '{"command": "DeleteGroup", "groupName": "x"}'
    assert_problem(post(service, user, body, {"Content-Type": given}), 404, "group-not-found", 51009)


@pytest.mark.parametrize("given", ["", "1", "yes", "True", "false "])
def test_dry_run_is_true_or_false(service: Service, user: str, given: str) -> None:
    body = {"command": "CreateGroup", "groupName": "x"}
    response = service.client.post(f"/v1/users/{user}/commands", json=body, params={"dryRun": given})
    assert_problem(response, 400, "malformed", 50002)


def test_a_dry_run_that_is_spelt_wrong_is_not_carried_out_for_real(service: Service, user: str) -> None:
    body = {"command": "CreateGroup", "groupName": "Suppliers"}
    response = service.client.post(f"/v1/users/{user}/commands", json=body, params={"dryrun": "true"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "dryrun"
    assert service.history(user) == []
