"""Databases that are none, or of another version: a sentence and exit code 3, and nothing is touched."""

import shlex
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.command_line import Run
from tests.integration.process import PROGRAM, convgroups, environment
from tests.integration.test_poison import append_unknown

READS = [["groups", "alice"], ["history", "alice"], ["send", "alice", "create-group", "x", "--dry-run"]]
WRITES = [["send", "alice", "create-group", "x"], ["rebuild", "all"], ["migrate"], ["new-log-id"], ["relay-from", "0"]]
SERVE = [["serve", "--port", "0"]]


def words_of(case: list[str]) -> str:
    return " ".join(case)


@pytest.mark.parametrize("words", READS + WRITES, ids=words_of)
@pytest.mark.parametrize("content", [b"This is no database.\n" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database(run: Run, database: Path, words: list[str], content: bytes) -> None:
    database.write_bytes(content)
    run(*words).fails(3, "The database cannot be used")
    assert database.read_bytes() == content


def test_a_service_does_not_start_on_it(database: Path) -> None:
    database.write_bytes(b"This is no database.\n" * 1000)
    convgroups("serve", "--port", "0", database=database).fails(3, "not a database")


@pytest.mark.parametrize("words", READS + WRITES, ids=words_of)
def test_a_folder_is_no_database(run: Run, database: Path, words: list[str]) -> None:
    database.mkdir()
    run(*words).fails(3)


@pytest.mark.parametrize("words", READS, ids=words_of)
def test_an_empty_file_is_one_that_was_not_migrated(run: Run, database: Path, words: list[str]) -> None:
    database.touch()
    run(*words).fails(3, "lacks the steps 0001", "convgroups migrate")
    assert database.read_bytes() == b""


@pytest.mark.parametrize("words", READS + WRITES, ids=words_of)
def test_a_database_of_a_later_version(run: Run, database: Path, words: list[str]) -> None:
    run("send", "alice", "create-group", "x")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    run(*words).fails(3, "another version", "9999")


@pytest.mark.parametrize("words", [*READS, ["send", "alice", "create-group", "y"], ["rebuild", "all"]], ids=words_of)
def test_a_database_that_lost_a_table(run: Run, database: Path, words: list[str]) -> None:
    run("send", "alice", "create-group", "x")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE stored_events")
    run(*words).fails(3, "stored_events")


@pytest.mark.parametrize("words", [["groups", "alice"], ["send", "alice", "create-group", "y"], ["rebuild", "all"]])
def test_an_event_of_a_later_version(run: Run, database: Path, words: list[str]) -> None:
    run("migrate")
    append_unknown(database, "alice", 1)
    run(*words).fails(3, "group-archived", "A newer version of the service may have written it")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "There is no database"),
        (b"", "lacks the steps 0001"),
        (b"This is no database.\n" * 1000, "not a database"),
    ],
    ids=["none", "an empty one", "another file"],
)
def test_the_doctor_says_what_is_wrong(run: Run, database: Path, content: bytes | None, found: str) -> None:
    if content is not None:
        database.write_bytes(content)
    ended = run("doctor", "--json")
    assert (ended.code, ended.err) == (3, "")
    [bad] = [one for one in ended.json["findings"] if one["state"] == "bad"]
    assert bad["what"] == "database"
    assert found in bad["found"]
    assert bad["advice"]
    assert "✗" in run("doctor").out


def test_the_doctor_finds_nothing_bad_in_a_new_database(run: Run, database: Path) -> None:
    run("migrate")
    ended = run("doctor", "--json")
    assert ended.code == 0
    findings = {one["what"]: one for one in ended.json["findings"]}
    assert findings["CONVGROUPS_DATABASE_URL"]["found"] == f"sqlite:///{database}"
    assert findings["CONVGROUPS_IDEMPOTENCY_DAYS"]["advice"] == "(default)"
    assert findings["CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS"]["found"] == "not set"
    assert findings["service"]["advice"] == "Start one with `convgroups serve`."
    assert findings["kafka"]["found"] == "none in this shell's settings"
    assert {one["state"] for one in findings.values()} == {"ok", "note"}
    assert "CONVGROUPS_DATABASE_URL" in run("doctor").out


def test_the_doctor_names_wrong_and_unknown_settings(run: Run, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    monkeypatch.setenv("CONVGROUPS_DATABASE_ULR", "x")
    findings = {one["what"]: one for one in run("doctor", "--json").json["findings"]}
    assert findings["CONVGROUPS_DATABASE_ULR"]["state"] == "note"
    monkeypatch.setenv("CONVGROUPS_AUTH", "usersig")
    ended = run("doctor", "--json")
    assert ended.code == 3
    assert "CONVGROUPS_AUTH=usersig" in ended.json["findings"][0]["found"]


def test_a_terminal_that_cannot_show_a_name_is_no_reason_to_fail(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    sent = convgroups("send", "alice", "create-group", "品", database=database)
    assert (sent.code, sent.err) == (0, "")
    assert "\\u54c1" in sent.out
    assert convgroups("groups", "alice", "--json", database=database).json["groups"][0]["groupName"] == "品"


def test_without_a_place_to_print_to_a_command_is_done_all_the_same(database: Path) -> None:
    command = f"{shlex.join(PROGRAM)} send alice create-group x >&-"
    ran = subprocess.run(["bash", "-c", command], env=environment(database), capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert convgroups("groups", "alice", "--json", database=database).json["revision"] == 1
