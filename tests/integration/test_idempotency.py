"""A command sent twice with one key is carried out once."""

from typing import Any

import httpx
import pytest

from tests.integration.answers import assert_problem
from tests.integration.service import Place, Service, on_both, running

REPLAYED = "Idempotent-Replayed"


def keyed(service: Service, user: str, key: str, command: str, app: int | None = None, **fields: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} | ({} if app is None else {"App-ID": str(app)})
    return service.send(user, command, headers=headers, **fields)


def assert_replay(first: httpx.Response, second: httpx.Response) -> None:
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]


@on_both
def test_a_repeated_key_gets_the_same_bytes_and_does_nothing(service: Service, user: str) -> None:
    fields: Any = {"groupName": "Suppliers", "conversationIDs": ["C2Ca", "nonsense"]}
    first = keyed(service, user, "k", "CreateGroup", **fields)
    service.done(user, "DeleteGroup", groupID=1)
    assert_replay(first, keyed(service, user, "k", "CreateGroup", **fields))
    assert (first.status_code, service.names(user)) == (200, [])


@on_both
def test_a_success_that_recorded_nothing_is_kept_too(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
    fields: Any = {"groupID": 1, "conversationIDs": ["C2Ca"]}
    first = keyed(service, user, "k", "AddConversations", **fields)
    service.done(user, "RemoveConversations", **fields)
    assert_replay(first, keyed(service, user, "k", "AddConversations", **fields))
    assert service.read(user, "groups/1")["conversationIDs"] == []


@pytest.mark.parametrize(("one", "other"), [("abc", '"abc"'), ('a"b', r'"a\"b"'), ("a\\b", r'"a\\b"'), ('"', r'"\""')])
@on_both
def test_a_key_in_quotes_is_the_same_key(service: Service, user: str, one: str, other: str) -> None:
    first = keyed(service, user, one, "CreateGroup", groupName="Suppliers")
    assert_replay(first, keyed(service, user, other, "CreateGroup", groupName="Suppliers"))


@on_both
def test_the_spelling_of_the_json_does_not_count(service: Service, user: str) -> None:
    first = keyed(service, user, "k", "CreateGroup", groupName="产品", conversationIDs=[])
    spelt = b'{ "groupName" : "\\u4ea7\\u54c1",\n "command": "CreateGroup" }'
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    assert_replay(first, service.client.post(f"/v1/users/{user}/commands", content=spelt, headers=headers))


@pytest.mark.parametrize(
    "other",
    [
        {"groupName": "Suppliers", "conversationIDs": ["C2Ca"]},
        {"groupName": "Others"},
        {"groupName": "Suppliers", "expectedRevision": 0},
    ],
)
@on_both
def test_a_key_with_another_command_is_refused(service: Service, user: str, other: Any) -> None:
    keyed(service, user, "k", "CreateGroup", groupName="Suppliers")
    head = service.head()
    response = keyed(service, user, "k", "CreateGroup", **other)
    assert_problem(response, 422, "key-reused", None)
    assert REPLAYED not in response.headers
    assert service.head() == head


@pytest.mark.parametrize(
    ("status", "command", "fields"),
    [
        (404, "DeleteGroup", {"groupName": "late"}),
        (404, "DeleteGroup", {"groupID": 2}),
        (409, "CreateGroup", {"groupName": "x", "expectedRevision": 9}),
        (422, "RenameGroup", {"groupID": 1, "newName": "taken"}),
    ],
)
@on_both
def test_a_refusal_that_reads_the_state_is_kept(
    service: Service, user: str, status: int, command: str, fields: Any
) -> None:
    service.done(user, "CreateGroup", groupName="first")
    if status == 422:
        service.done(user, "CreateGroup", groupName="taken")
    first = keyed(service, user, "k", command, **fields)
    assert first.status_code == status
    if status == 422:
        service.done(user, "DeleteGroup", groupName="taken")
    service.done(user, "CreateGroup", groupName="late")
    head = service.head()
    assert_replay(first, keyed(service, user, "k", command, **fields))
    assert service.head() == head


@on_both
def test_the_refusal_of_the_21st_group_is_kept(service: Service, user: str) -> None:
    for n in range(20):
        service.done(user, "CreateGroup", groupName=str(n))
    first = keyed(service, user, "k", "CreateGroup", groupName="late")
    service.done(user, "DeleteGroup", groupName="0")
    assert_replay(first, keyed(service, user, "k", "CreateGroup", groupName="late"))


@on_both
def test_a_refusal_that_reads_no_state_is_not_kept(service: Service, user: str) -> None:
    for _ in range(2):
        refused = keyed(service, user, "k", "CreateGroup", groupName="x" * 33)
        assert_problem(refused, 422, "group-name-length", 51011)
        assert REPLAYED not in refused.headers
    assert keyed(service, user, "k", "CreateGroup", groupName="x").status_code == 200


@on_both
def test_a_dry_run_neither_looks_up_nor_keeps(service: Service, user: str) -> None:
    dry = keyed(service, user, "k", "CreateGroup", groupName="Suppliers", dry_run=True)
    assert (dry.status_code, REPLAYED in dry.headers) == (200, False)
    keyed(service, user, "k", "CreateGroup", groupName="Others")
    dry = keyed(service, user, "k", "CreateGroup", groupName="Others", dry_run=True)
    assert (dry.json()["events"], REPLAYED in dry.headers) == ([], False)


@on_both
def test_a_key_holds_for_one_user_of_one_app(service: Service, user: str) -> None:
    answers = [
        keyed(service, user, "k", "CreateGroup", groupName="Suppliers"),
        keyed(service, f"{user}-2", "k", "CreateGroup", groupName="Others"),
        keyed(service, user, "k", "CreateGroup", app=7, groupName="More"),
    ]
    assert [(answer.status_code, REPLAYED in answer.headers) for answer in answers] == [(200, False)] * 3


def test_a_key_holds_across_a_restart(place: Place) -> None:
    with running(place) as service:
        done = keyed(service, "alice", "done", "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
        refused = keyed(service, "alice", "refused", "DeleteGroup", groupName="late")
        service.done("alice", "CreateGroup", groupName="late")
    with running(place) as service:
        head = service.head()
        again = keyed(service, "alice", "done", "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
        assert_replay(done, again)
        assert_replay(refused, keyed(service, "alice", "refused", "DeleteGroup", groupName="late"))
        assert service.head() == head
