"""SQLite's write-ahead log is moved into the file beside the commits, and does not grow while they go on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from shutil import copyfile
from typing import cast

import pytest
from structlog.testing import capture_logs

from adapters.store.sqlite import OneWriterDatastore, SQLiteRecorder
from adapters.store.write_ahead import AT_MOST, WriteAhead
from domain.commands import CreateGroup
from tests.contract.stores import Clock, Store, sqlite_store
from tests.integration.service import wait_until


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with sqlite_store(tmp_path, clock) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.store.write_ahead.EVERY", 0.005)


class Looks:
    """A queue of writers that counts how often it was joined: at each look, where every log counts as large."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        pass

    def wait_for_some(self) -> None:
        before = self.count
        wait_until(lambda: self.count >= before + 3, "some looks at the log")


@pytest.fixture
def every_look(monkeypatch: pytest.MonkeyPatch) -> Looks:
    monkeypatch.setattr("adapters.store.write_ahead.LARGE", -1)
    return Looks()


def datastore(store: Store) -> OneWriterDatastore:
    return cast("SQLiteRecorder", store.groups.recorder).datastore


def events_in_the_file_alone(database: Path) -> int:
    alone = copyfile(database, database.with_name("alone.db"))
    with closing(sqlite3.connect(alone)) as connection, suppress(sqlite3.DatabaseError):  # copied in the middle
        return int(connection.execute("SELECT count(*) FROM stored_events").fetchone()[0])
    return 0


def test_what_was_committed_is_moved_into_the_file_without_another_commit(store: Store, tmp_path: Path) -> None:
    store.send(*(CreateGroup(group_name=f"{n}") for n in range(5)))
    assert events_in_the_file_alone(tmp_path / "log.db") == 0
    with WriteAhead(datastore(store).uri, datastore(store).writers):
        wait_until(lambda: events_in_the_file_alone(tmp_path / "log.db") == 5, "all events to be in the file")


def test_commits_wait_for_a_large_log_so_that_it_begins_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.store.write_ahead.LARGE", 0)
    looks = Looks()
    with WriteAhead(datastore(store).uri, looks):
        store.send(CreateGroup(group_name="One"))
        wait_until(lambda: looks.count, "writers to be kept waiting")


def test_no_commit_waits_for_a_small_log(store: Store, tmp_path: Path) -> None:
    looks = Looks()
    with WriteAhead(datastore(store).uri, looks):
        for number in range(5):
            store.send(CreateGroup(group_name=f"{number}"))
            wait_until(lambda: events_in_the_file_alone(tmp_path / "log.db") == len(store.entries()), "it to be moved")
    assert looks.count == 0


def test_a_commit_moves_pages_itself_only_when_nobody_else_did_for_long(store: Store) -> None:
    with datastore(store).transaction(commit=False) as c:
        c.execute("PRAGMA wal_autocheckpoint")
        assert c.fetchone()[0] == AT_MOST == 65_536


def test_what_a_reader_still_needs_stays_and_keeps_no_commit_waiting(
    store: Store, tmp_path: Path, every_look: Looks
) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM stored_events").fetchone() == (0,)
        with WriteAhead(datastore(store).uri, every_look):
            store.send(*(CreateGroup(group_name=f"{n}") for n in range(5)))
            every_look.wait_for_some()
            store.send(CreateGroup(group_name="6"))
        assert reader.execute("SELECT count(*) FROM stored_events").fetchone() == (0,)
    assert len(store.entries()) == 6


def test_a_file_that_was_put_in_the_place_of_the_log_stays_as_it_is(
    store: Store, tmp_path: Path, every_look: Looks
) -> None:
    store.send(CreateGroup(group_name="before"))
    backup = copyfile(tmp_path / "log.db", tmp_path / "backup.db")
    with WriteAhead(datastore(store).uri, every_look):
        store.send(*(CreateGroup(group_name=f"{n}") for n in range(5)))
        copyfile(backup, tmp_path / "put.db").replace(tmp_path / "log.db")
        every_look.wait_for_some()
        assert (tmp_path / "log.db").read_bytes() == backup.read_bytes()


def test_what_cannot_be_moved_is_said_and_tried_again(store: Store) -> None:
    with capture_logs() as said, WriteAhead(datastore(store).uri, datastore(store).writers) as moving:
        moving._connection.close()
        wait_until(lambda: len(said) > 1, "it to be said twice")
    assert said[0]["event"] == "the write-ahead log stays as it is for now"
    assert said[0]["reason"] == "Cannot operate on a closed database."
