"""SQLite's write-ahead log is moved into the file beside the commits, and does not grow while they go on."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from shutil import copyfile
from typing import cast
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from adapters.store.sqlite import SQLiteRecorder
from adapters.store.write_ahead import AT_MOST, WriteAhead
from domain.commands import CreateGroup
from tests.contract.stores import Clock, Store, sqlite_store

PATIENCE = 10.0


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with sqlite_store(tmp_path, clock) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.store.write_ahead.EVERY", 0.005)


def write_ahead(store: Store) -> WriteAhead:
    datastore = cast("SQLiteRecorder", store.groups.recorder).datastore
    return WriteAhead(datastore.uri, datastore.writers)


def events_in_the_file_alone(database: Path) -> int:
    alone = copyfile(database, database.with_name("alone.db"))
    with closing(sqlite3.connect(alone)) as connection, suppress(sqlite3.DatabaseError):  # copied in the middle
        return int(connection.execute("SELECT count(*) FROM stored_events").fetchone()[0])
    return 0


def test_what_was_committed_is_moved_into_the_file_without_another_commit(store: Store, tmp_path: Path) -> None:
    store.send(*(CreateGroup(group_name=f"{n}") for n in range(5)))
    assert events_in_the_file_alone(tmp_path / "log.db") == 0
    with write_ahead(store):
        deadline = time.monotonic() + PATIENCE
        while events_in_the_file_alone(tmp_path / "log.db") < 5:
            assert time.monotonic() < deadline
            time.sleep(0.01)


class Turns:
    """A queue of writers that counts how often it was joined."""

    joined = 0

    def __enter__(self) -> None:
        self.joined += 1

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("large", "joined"), [(0, True), (5_000, False)], ids=["a large log", "a small log"])
def test_commits_wait_only_for_a_log_that_would_not_begin_anew_else(
    store: Store, monkeypatch: pytest.MonkeyPatch, large: int, *, joined: bool
) -> None:
    monkeypatch.setattr("adapters.store.write_ahead.LARGE", large)
    turns = Turns()
    with WriteAhead(cast("SQLiteRecorder", store.groups.recorder).datastore.uri, turns):
        for number in range(20):
            store.send(CreateGroup(group_name=f"{number}"))
            time.sleep(0.005)
    assert (turns.joined > 0) == joined


def test_a_commit_moves_pages_itself_only_when_nobody_else_did_for_long(store: Store) -> None:
    with cast("SQLiteRecorder", store.groups.recorder).datastore.transaction(commit=False) as c:
        c.execute("PRAGMA wal_autocheckpoint")
        assert c.fetchone()[0] == AT_MOST == 65_536


def test_what_a_reader_still_needs_stays_and_keeps_no_commit_waiting(store: Store, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM stored_events").fetchone() == (0,)
        with write_ahead(store):
            store.send(*(CreateGroup(group_name=f"{n}") for n in range(5)))
            time.sleep(0.05)
            store.send(CreateGroup(group_name="6"))
        assert reader.execute("SELECT count(*) FROM stored_events").fetchone() == (0,)
    assert len(store.entries()) == 6


def test_a_file_that_was_put_in_the_place_of_the_log_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    store.send(CreateGroup(group_name="before"))
    backup = copyfile(tmp_path / "log.db", tmp_path / "backup.db")
    with write_ahead(store):
        store.send(*(CreateGroup(group_name=f"{n}") for n in range(5)))
        copyfile(backup, tmp_path / "put.db").replace(tmp_path / "log.db")
        time.sleep(0.1)
        assert (tmp_path / "log.db").read_bytes() == backup.read_bytes()


def test_what_cannot_be_moved_is_said_and_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    with capture_logs() as said, write_ahead(store):
        monkeypatch.setattr("adapters.store.write_ahead._move", Mock(side_effect=full))
        time.sleep(0.1)
    assert len(said) > 1
    assert said[0]["event"] == "the write-ahead log stays as it is for now"
    assert said[0]["reason"] == str(full)
