"""The calls of the product's documentation, done over HTTP on the real service, and read from a real Kafka."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import NewService
from tests.e2e.consumer import Change, events, read_changes, revisions
from tests.e2e.service import Service
from tests.e2e.user import User

CHINESE = ["产品体验", "需求研发"]
CONVERSATIONS = ["GROUPtest", "C2Cexample"]
SUPPLIERS, OLD_NAME, NEW_NAME = "Suppliers", "Suppliers_old", "Suppliers_new"
NO_SUCH_GROUP, TOO_MANY_GROUPS, NAME_TOO_LONG = 51009, 51010, 51011
MOST_GROUPS, LONGEST_NAME = 20, 32
FITTING = ["产品体验和需求研发组01", "Suppliers of the northern region"]
TOO_LONG = ["产品体验和需求研发小组", "Suppliers of the northern regions"]
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
APP = 1400000000


@pytest.fixture(scope="module")
def service(kafka: str, new_service: NewService) -> Service:
    service = new_service(kafka, prefix=f"test-{uuid4().hex[:12]}")
    service.start()
    return service


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def organise_suppliers(user: User) -> None:
    """Make the calls of the documentation one after the other."""
    for name in CHINESE:
        assert user.done("CreateGroup", groupName=name)["groupName"] == name
    created = user.done("CreateGroup", groupName=SUPPLIERS, conversationIDs=CONVERSATIONS)
    assert created["successConversationIDList"] == CONVERSATIONS
    assert created["failureConversationIDList"] == []
    assert user.group_names() == [*CHINESE, SUPPLIERS]
    assert user.conversations_in(SUPPLIERS) == CONVERSATIONS

    user.done("DeleteGroup", groupName=SUPPLIERS)
    old = user.done("CreateGroup", groupName=OLD_NAME)
    assert old["groupID"] > created["groupID"]
    renamed = user.done("RenameGroup", groupName=OLD_NAME, newName=NEW_NAME)
    assert (renamed["groupID"], renamed["groupName"]) == (old["groupID"], NEW_NAME)
    assert user.group_names() == [*CHINESE, NEW_NAME]

    added = user.done("AddConversations", groupName=NEW_NAME, conversationIDs=[*CONVERSATIONS, "example"])
    assert added["successConversationIDList"] == CONVERSATIONS
    assert [(item["conversationID"], item["code"]) for item in added["failureConversationIDList"]] == [
        ("example", 2503)
    ]
    assert user.conversations_in(NEW_NAME) == CONVERSATIONS
    removed = user.done("RemoveConversations", groupName=NEW_NAME, conversationIDs=CONVERSATIONS[:1])
    assert removed["successConversationIDList"] == CONVERSATIONS[:1]
    assert user.conversations_in(NEW_NAME) == CONVERSATIONS[1:]


def miss_a_group(user: User) -> None:
    """Name a group that is not there, in each call that names one."""
    calls: dict[str, dict[str, Any]] = {
        "DeleteGroup": {},
        "RenameGroup": {"newName": NEW_NAME},
        "AddConversations": {"conversationIDs": CONVERSATIONS},
        "RemoveConversations": {"conversationIDs": CONVERSATIONS},
    }
    for command, fields in calls.items():
        assert user.refused(404, command, groupName=SUPPLIERS, **fields)["code"] == NO_SUCH_GROUP
    assert user.group_names() == []


def make_too_many_groups(user: User) -> None:
    """Make as many groups as may be, and one more."""
    names = [f"{CHINESE[0]} {number}" for number in range(1, MOST_GROUPS + 2)]
    for name in names[:MOST_GROUPS]:
        user.done("CreateGroup", groupName=name)
    refusal = user.refused(422, "CreateGroup", groupName=names[MOST_GROUPS], conversationIDs=CONVERSATIONS)
    assert (refusal["code"], refusal["limit"]) == (TOO_MANY_GROUPS, MOST_GROUPS)
    assert user.group_names() == names[:MOST_GROUPS]


def try_long_names(user: User) -> None:
    """Give names as long as may be, and one byte longer."""
    for name in FITTING:
        assert len(name.encode()) == LONGEST_NAME
        user.done("CreateGroup", groupName=name)
    for name in TOO_LONG:
        assert len(name.encode()) == LONGEST_NAME + 1
        assert user.refused(422, "CreateGroup", groupName=name)["code"] == NAME_TOO_LONG
        assert user.refused(422, "RenameGroup", groupName=FITTING[0], newName=name)["code"] == NAME_TOO_LONG
    assert user.group_names() == FITTING


def test_the_calls_of_the_documentation_answer_as_it_says(client: httpx.Client) -> None:
    organise_suppliers(User(client, "alice"))


def test_a_group_that_is_not_there_is_51009(client: httpx.Client) -> None:
    miss_a_group(User(client, "bob"))


def test_the_21st_group_is_51010(client: httpx.Client) -> None:
    make_too_many_groups(User(client, "carol"))


def test_a_name_of_33_bytes_is_51011_and_one_of_32_is_fine_in_chinese_and_in_ascii(client: httpx.Client) -> None:
    try_long_names(User(client, "dave"))


def test_a_consumer_reads_every_event_once_in_order_and_as_the_history_tells_it(
    service: Service, client: httpx.Client, kafka: str
) -> None:
    prefix = service.environment["CONVGROUPS_KAFKA_TOPIC_PREFIX"]
    users = [
        User(client, "erika", **{"Device-ID": "phone", "Correlation-ID": "call-1", "traceparent": TRACEPARENT}),
        User(client, "范妮"),
        User(client, "user.with+signs@example.com"),
        User(client, "gustav"),
    ]
    for user, calls in zip(
        users, [organise_suppliers, organise_suppliers, make_too_many_groups, try_long_names], strict=True
    ):
        calls(user)
    histories = {user.name: user.history() for user in users}
    kinds = [event["type"].split(".")[1] for event in histories["erika"]]
    assert kinds == [
        *["group-created", "group-created", "group-created", "conversations-added", "group-deleted"],
        *["group-created", "group-renamed", "conversations-added", "conversations-removed"],
    ]

    changes = read_changes(kafka, f"{prefix}.events.v1", revisions({name: len(h) for name, h in histories.items()}))
    positions = read_changes(kafka, f"{prefix}.positions.v1", events(1))
    [log_id] = {position.event["logID"] for position in positions}
    for name, history in histories.items():
        theirs = [change for change in changes if change.key == f"{APP}:{name}"]
        assert [change.event["revision"] for change in theirs] == list(range(1, len(history) + 1))
        assert len({change.partition for change in theirs}) == 1
        for change, told in zip(theirs, history, strict=True):
            assert_is_cloud_event(change, told, log_id)
    ids = [dict(change.headers)["ce_id"] for change in changes]
    assert len(ids) == len(set(ids))


def assert_is_cloud_event(change: Change, told: dict[str, str], log_id: str) -> None:
    """See that a record is what the history tells, with exactly the headers that are agreed."""
    assert change.event == {name: value for name, value in told.items() if name not in ("type", "position")}
    expected = {
        "ce_specversion": "1.0",
        "ce_id": told["eventID"],
        "ce_source": f"/conversation-groups/{log_id}",
        "ce_type": told["type"],
        "ce_subject": told["userID"],
        "ce_time": told["recordedAt"],
        "ce_sdkappid": str(APP),
        "ce_revision": str(told["revision"]),
        "ce_position": told["position"],
        "ce_correlationid": told["correlationID"],
        "ce_causationid": told["commandID"],
        "content-type": "application/json",
    } | ({"traceparent": told["traceparent"]} if told["traceparent"] else {})
    assert len(change.headers) == len(expected)
    assert {name: value.decode() for name, value in change.headers} == expected
    assert re.fullmatch(r"\d{20}", expected["ce_position"])


def test_the_values_of_the_documentation_are_those_that_these_tests_use() -> None:
    seed = os.environ.get("CONVGROUPS_TEST_SEED_PAGE")
    if seed is None:
        pytest.skip("CONVGROUPS_TEST_SEED_PAGE does not name the page of the product's documentation")
    page = Path(seed).read_text()
    samples = "".join(re.findall(r"^:::\s+js$(.*?)^:::$", page, re.MULTILINE | re.DOTALL))
    literals = {text for text in re.findall(r"'([^']*)'", samples) if not text.endswith("error:")}
    assert literals == {SUPPLIERS, OLD_NAME, NEW_NAME, *CONVERSATIONS}
    prose = re.sub(r"^:::\s+js$.*?^:::$", "", page, flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r'"(\w+)"', prose)) == set(CHINESE)
    assert set(re.findall(r"`(\d{5})`", prose)) == {str(NO_SUCH_GROUP), str(TOO_MANY_GROUPS)}
    assert set(re.findall(r"(\d+)字节", prose)) == {str(LONGEST_NAME)}
    assert set(re.findall(r"(\d+) 个", prose)) == {str(MOST_GROUPS)}
