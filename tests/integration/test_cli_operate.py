"""The commands of whoever runs the service, on a database that nobody holds."""

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.stores import open_store_to_write
from domain.commands import CreateGroup, RenameGroup
from domain.submission import Submission
from tests.contract.stores import submission
from tests.integration.command_line import Run
from tests.integration.process import PROGRAM, convgroups, environment
from tests.integration.service import running, settings_for
from tests.integration.test_current_reads import a_life, everything

TABLES = {
    "group-lists": ("group_lists_users", "group_lists_groups", "group_lists_memberships"),
    "history": ("history",),
    "snapshots": ("snapshots",),
}


def rows(database: Path, *tables: str) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(database)) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables}


@pytest.fixture
def lived_in(database: Path) -> list[Any]:
    """Fill the database, carol with a long history; give what the reads of alice answered."""
    with running(database) as service:
        for user in ("alice", "bob"):
            a_life(service, user)
        service.store.groups.handle([submission(CreateGroup(group_name=str(n % 2)), "carol") for n in range(2)])
        turns = [RenameGroup(group_id=1, new_name=f"turn {n}") for n in range(60)]
        service.store.groups.handle([submission(turn, "carol") for turn in turns])
        service.wait_for_views()
        return everything(service, "alice")


@pytest.mark.parametrize("view", ["group-lists", "history", "snapshots", "all"])
def test_a_rebuilt_view_is_what_it_was(run: Run, database: Path, lived_in: list[Any], view: str) -> None:
    tables = [table for name, its in TABLES.items() if view in (name, "all") for table in its]
    before = rows(database, *tables, "tracking")
    assert all(before.values())
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in tables:
            connection.execute(f"DELETE FROM {table}")
    ended = run("rebuild", view)
    assert ended.code == 0
    assert rows(database, *tables, "tracking") == before
    with running(database) as service:
        assert everything(service, "alice") == lived_in
        names = TABLES if view == "all" else [view]
        assert [line.split() for line in ended.out.splitlines()] == [
            ["view", "events"],
            *([name, str(service.head())] for name in names),
        ]


def test_rebuild_tells_the_positions_to_a_machine(run: Run, database: Path, lived_in: list[Any]) -> None:
    ended = run("rebuild", "all", "--json")
    head = len(rows(database, "stored_events")["stored_events"])
    positions = [{"view": view, "position": f"{head:020}"} for view in TABLES]
    assert (ended.json, ended.err) == ({"views": positions}, "")


def test_rebuild_shows_how_far_it_is_and_how_fast(database: Path) -> None:
    with open_store_to_write(settings_for(database)) as store:
        command = CreateGroup(group_name="x", conversation_ids=("C2Ca",))
        users = [f"user-{n}" for n in range(5100)]
        store.groups.handle([Submission(sdk_app_id=1, user_id=user, command=command, actor=user) for user in users])
    terminal, end = os.openpty()
    env = environment(database) | {"TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen([*PROGRAM, "rebuild", "all"], env=env, stdout=subprocess.PIPE, stderr=end) as process:
        os.close(end)
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(iter(lambda: _read(terminal), b"")).decode())
        told, _ = process.communicate(timeout=60)
    os.close(terminal)
    for view in TABLES:
        assert re.search(rf"{view} .*100% 10200/10200 [0-9,]+ events/s", shown), shown
    assert b"%" not in told


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the process has closed the other end
        return b""


@pytest.mark.parametrize("words", [["rebuild"], ["rebuild", "groups"], ["rebuild", ""], ["rebuild", "all", "history"]])
def test_a_view_that_is_none_is_wrong_usage(run: Run, database: Path, words: list[str]) -> None:
    run(*words).fails(2)
    assert not database.exists()


def test_migrate_makes_a_database_and_then_has_nothing_to_do(run: Run, database: Path) -> None:
    assert run("migrate").out == f"{database}: applied 0001, 0002\n"
    assert run("migrate").out == f"{database}: is up to date\n"
    assert run("migrate", "--json").json == {"database": str(database), "applied": []}


def test_a_new_log_id_is_given_once_each_time(run: Run, database: Path) -> None:
    run("send", "alice", "create-group", "x")
    before = run("groups", "alice", "--json").json
    new = run("new-log-id", "--json").json["logID"]
    after = run("groups", "alice", "--json").json
    assert after["cursor"] == f"{new.replace('-', '')}-1" != before["cursor"]
    assert after["groups"] == before["groups"]
    told = run("new-log-id").out
    assert "relay-from POSITION" in told
    assert new not in told
    assert rows(database, "log")["log"][0][0] in told


def test_relay_from_needs_a_kafka(run: Run) -> None:
    run("migrate")
    run("relay-from", "0").fails(2, "CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS")
    run("relay-from", "-1").fails(2)
    run("relay-from", "x").fails(2)


def test_commands_without_a_service_need_no_set_up(run: Run, database: Path) -> None:
    assert convgroups("send", "alice", "create-group", "x", "C2Ca", database=database).code == 0
    assert [group["groupName"] for group in run("groups", "alice", "--json").json["groups"]] == ["x"]


def test_views_behind_a_command_line_catch_up_with_the_next_service(run: Run, database: Path) -> None:
    run("send", "alice", "create-group", "x", "C2Ca")
    findings = {one["what"]: one["found"] for one in run("doctor", "--json").json["findings"]}
    assert findings["view group-lists"] == "2 events behind"
    with running(database) as service:
        service.wait_for_views()
    findings = {one["what"]: one["found"] for one in run("doctor", "--json").json["findings"]}
    assert findings["view group-lists"] == "0 events behind"
