"""While a service holds the database: what would write changes nothing and says where to go; reads work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command_line import Run
from tests.integration.process import convgroups
from tests.integration.service import Service, running


@pytest.fixture
def holder(database: Path) -> Iterator[Service]:
    with running(database) as service:
        service.done("alice", "CreateGroup", groupName="x", conversationIDs=["C2Ca"])
        service.wait_for_views()
        yield service


@pytest.mark.parametrize(
    "words",
    [
        ["send", "alice", "create-group", "y"],
        ["send", "alice", "delete-group", "x", "--key", "k"],
        ["rebuild", "all"],
        ["rebuild", "history"],
        ["new-log-id"],
        ["relay-from", "0"],
        ["migrate"],
    ],
    ids=" ".join,
)
def test_what_would_write_changes_nothing(holder: Service, run: Run, words: list[str]) -> None:
    before = holder.read("alice", "groups")
    run(*words).fails(3, "log.db", "--url", "Stop that service")
    assert holder.read("alice", "groups") == before
    assert {view.checkpoint() for view in holder.store.views.values()} == {holder.head()}


def test_a_process_of_its_own_is_told_so_too(holder: Service, database: Path) -> None:
    convgroups("send", "alice", "create-group", "y", database=database).fails(3, "--url")
    assert holder.names("alice") == ["x"]


def test_the_way_that_is_named_works(holder: Service, run: Run) -> None:
    assert run("send", "alice", "create-group", "y", "--url", holder.url).code == 0
    assert holder.names("alice") == ["x", "y"]


def test_reads_and_dry_runs_work(holder: Service, run: Run) -> None:
    assert run("groups", "alice", "--json").json == holder.read("alice", "groups")
    assert run("history", "alice", "--json").json == holder.read("alice", "history")
    assert run("send", "alice", "create-group", "y", "--dry-run", "--json").json["groupID"] == 2
    assert holder.names("alice") == ["x"]


def test_the_doctor_sees_it_run(holder: Service, run: Run) -> None:
    findings = {one["what"]: one for one in run("doctor", "--json").json["findings"]}
    assert (findings["service"]["state"], "runs" in findings["service"]["found"]) == ("ok", True)
    assert findings["database"]["found"] == f"log {holder.store.log.log_id()}, 2 events"
    assert findings["view history"]["found"] == "0 events behind"


def test_when_it_has_stopped_commands_go_to_the_database(run: Run, database: Path) -> None:
    with running(database):
        run("send", "alice", "create-group", "y").fails(3)
    assert run("send", "alice", "create-group", "y").code == 0
