"""`convgroups send`, on the database itself and through a service: the same words, the same answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command_line import Run
from tests.integration.service import Service

LIFE = [
    (["create-group", "产品", "C2Ca", "C2Cb", "nonsense"], "CreateGroup", ["group-created", "conversations-added"]),
    (["create-group", "two"], "CreateGroup", ["group-created"]),
    (["create-group", "three", "C2Ca"], "CreateGroup", ["group-created", "conversations-added"]),
    (["rename-group", "产品", "Vendors"], "RenameGroup", ["group-renamed"]),
    (["rename-group", "--group-id", "2", "zwei"], "RenameGroup", ["group-renamed"]),
    (["add-conversations", "zwei", "C2Cc", "C2Cd"], "AddConversations", ["conversations-added"]),
    (["add-conversations", "--group-id", "2", "C2Ce"], "AddConversations", ["conversations-added"]),
    (["remove-conversations", "zwei", "C2Cc"], "RemoveConversations", ["conversations-removed"]),
    (["remove-conversations", "--group-id", "2", "C2Cz"], "RemoveConversations", []),
    (
        ["update-conversations", "zwei", "--remove", "C2Cd", "--add", "C2Cf", "--add", "C2Cg"],
        "UpdateConversations",
        ["conversations-removed", "conversations-added"],
    ),
    (["reorder-group", "three", "--before", "1"], "ReorderGroup", ["groups-reordered"]),
    (["reorder-group", "--group-id", "1", "--end"], "ReorderGroup", ["groups-reordered"]),
    (["delete-group", "three"], "DeleteGroup", ["group-deleted"]),
    (["delete-group", "--group-id", "1"], "DeleteGroup", ["group-deleted"]),
]


def test_every_command_is_carried_out(run: Run, way: list[str], user: str) -> None:
    revision = 0
    for words, command, kinds in LIFE:
        ended = run("send", user, *words, *way, "--json")
        assert (ended.code, ended.err) == (0, ""), ended
        answer = ended.json
        revision += len(kinds)
        assert answer["revision"] == revision
        assert [event["type"] for event in answer["events"]] == [f"conversation-groups.{kind}.v1" for kind in kinds]
        assert answer["failureConversationIDList"] == [] or "nonsense" in words
        if kinds:
            events = run("history", user, "--after", str(revision - 1), *way, "--json").json["events"]
            assert (events[0]["command"], events[0]["device"], events[0]["actor"]) == (command, "convgroups", user)
    groups = run("groups", user, *way, "--json").json
    assert [(group["groupID"], group["groupName"]) for group in groups["groups"]] == [(2, "zwei")]
    assert groups["groups"][0]["conversationCount"] == 3


def test_the_answer_is_a_table_for_people(run: Run, way: list[str], user: str) -> None:
    ended = run("send", user, "create-group", "[red]产品", "C2Ca", "non[b]sense", *way)
    assert (ended.code, ended.err) == (0, "")
    first, head, *rows = [line.split() for line in ended.out.splitlines()]
    assert " ".join(first) == "group 1 '[red]产品', revision 2; recorded: group-created.v1, conversations-added.v1"
    assert head == ["conversation", "outcome", "code", "why"]
    assert rows[0] == ["C2Ca", "added"]
    assert rows[1][:6] == ["non[b]sense", "refused", "2503", "A", "conversation", "ID"]
    assert "no group, revision 2; recorded: nothing" in run("send", user, "create-group", "x", "bad", *way).out


def test_both_ways_answer_alike(run: Run, service: Service, user: str) -> None:
    for words, *_ in LIFE:
        here, there = (run("send", user, *words, *way, "--json").json for way in ([], ["--url", service.url]))
        for answer in (here, there):
            for event in answer["events"]:
                del event["eventID"]
        assert here == there


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["delete-group", "none"], 51009, "no group with the name 'none'"),
        (["delete-group", "--group-id", "7"], 51009, "no group with ID 7"),
        (["reorder-group", "one", "--before", "9"], 51009, "ID 9"),
        (["create-group", "x" * 33], 51011, "32 bytes"),
        (["create-group", ""], 51011, "32 bytes"),
        (["rename-group", "one", "two"], 50002, "already has the name"),
        (["create-group", "a\nb"], 50002, "control characters"),
        (["update-conversations", "one"], 51006, "names 0"),
        (["add-conversations", "one"], 51006, "names 0"),
        (["create-group", "x", *(f"C2C{n}" for n in range(101))], 51006, "names 101"),
        (["update-conversations", "one", "--add", "C2Ca", "--remove", "C2Ca"], 50002, "in both"),
        (["delete-group", "one", "--expected-revision", "9"], None, "2 is current"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_a_refusal_ends_with_1_and_says_the_code(
    run: Run, way: list[str], user: str, words: list[str], code: int | None, reason: str
) -> None:
    for name in ("one", "two"):
        run("send", user, "create-group", name, *way)
    told = run("send", user, *words, *way).fails(1, "refused", reason)
    assert (f"({code})" in told) == (code is not None)


def test_a_machine_gets_the_problem_of_the_api(run: Run, way: list[str], user: str) -> None:
    told = run("send", user, "delete-group", "none", *way, "--json")
    assert json.loads(told.fails(1)) == {
        "type": "urn:conversation-groups:problem:group-not-found",
        "title": "Group not found",
        "status": 404,
        "detail": "This user has no group with the name 'none'.",
        "code": 51009,
        "groupName": "none",
    }


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["create-group"],
        ["create-group", "x", "--group-id", "1"],
        ["create-group", "x", "--remove", "C2Ca"],
        ["delete-group"],
        ["delete-group", "x", "y"],
        ["delete-group", "x", "--group-id", "1"],
        ["delete-group", "x", "--before", "1"],
        ["delete-group", "x", "--before", "0"],
        ["rename-group", "x"],
        ["rename-group", "x", "y", "z"],
        ["rename-group", "x", "y", "--end"],
        ["reorder-group", "x"],
        ["reorder-group", "x", "--before", "1", "--end"],
        ["reorder-group", "x", "--before", "0"],
        ["reorder-group", "x", "--before", "-1"],
        ["reorder-group", "x", "--before", "1" + "0" * 30],
        ["reorder-group", "x", "--before", "one"],
        ["update-conversations", "x", "C2Ca"],
        ["add-conversations", "x", "C2Ca", "--add", "C2Cb"],
        ["delete-group", "--group-id", "0"],
        ["delete-group", "--group-id", "x"],
        ["delete-group", "x", "--expected-revision", "-1"],
        ["delete-group", "x", "--key", ""],
        ["delete-group", "x", "--key", "a b"],
        ["delete-group", "x", "--key", "é"],
        ["delete-group", "x", "--key", "k" * 256],
        ["delete-group", "x", "--app-id", "0"],
        ["delete-group", "x", "--app-id", "1" + "0" * 30],
        ["delete-group", "x", "--nonsense"],
        ["create-group", "\udcff"],
    ],
    ids=lambda words: " ".join(words).encode("ascii", "backslashreplace").decode()[:40] or "nothing",
)
def test_wrong_usage_ends_with_2_and_asks_nobody(run: Run, database: Path, words: list[str]) -> None:
    run("send", "alice", *words).fails(2)
    assert not database.exists()
    run("send", "alice", *words, "--url", "http://127.0.0.1:1").fails(2)


def test_wrong_usage_says_the_right_one(run: Run) -> None:
    run("send", "alice", "frobnicate").fails(2, "frobnicate", "create-group", "reorder-group")
    run("send", "alice", "rename-group", "x").fails(2, "Usage: convgroups send USER rename-group GROUP NEW-NAME")
    run("send", "alice", "delete-group", "x", "--end").fails(2, "--end: not expected here")


def test_a_dry_run_tells_and_does_nothing(run: Run, way: list[str], user: str) -> None:
    run("send", user, "create-group", "x", *way)
    answer = run("send", user, "add-conversations", "x", "C2Ca", "--dry-run", "--json", *way).json
    assert answer["events"] == [{"type": "conversation-groups.conversations-added.v1", "revision": 2}]
    run("send", user, "delete-group", "y", "--dry-run", *way).fails(1, "51009")
    assert run("groups", user, *way, "--json").json["revision"] == 1


def test_a_key_makes_a_command_safe_to_repeat(run: Run, way: list[str], user: str) -> None:
    first, again = (run("send", user, "create-group", "x", "--key", key, "--json", *way).json for key in ("k", '"k"'))
    assert first == again
    run("send", user, "create-group", "y", "--key", "k", *way).fails(1, "another command")
    assert run("groups", user, *way, "--json").json["revision"] == 1


def test_an_expected_revision_is_kept_to(run: Run, way: list[str], user: str) -> None:
    assert run("send", user, "create-group", "x", "--expected-revision", "0", *way).code == 0
    told: Any = run("send", user, "delete-group", "x", "--expected-revision", "0", "--json", *way)
    assert json.loads(told.fails(1))["currentRevision"] == 1


def test_an_app_has_users_of_its_own(run: Run, way: list[str], user: str) -> None:
    run("send", user, "create-group", "x", "--app-id", "7", *way)
    assert run("groups", user, "--json", *way).json["groups"] == []
    assert len(run("groups", user, "--app-id", "7", "--json", *way).json["groups"]) == 1


def test_device_and_correlation_are_recorded(run: Run, way: list[str], user: str) -> None:
    run("send", user, "create-group", "x", *way)
    run("send", user, "create-group", "y", "--device", "desk 产", "--correlation-id", "ticket-7", *way)
    first, second = run("history", user, "--json", *way).json["events"]
    assert (first["device"], first["correlationID"]) == ("convgroups", first["commandID"])
    assert (second["device"], second["correlationID"]) == ("desk 产", "ticket-7")
    for option in ("--device", "--correlation-id"):
        for wrong in ("", " x", "a\nb", "x" * 129):
            run("send", user, "create-group", "z", option, wrong, *way).fails(2, option)
