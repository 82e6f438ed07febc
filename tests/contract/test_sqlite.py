"""What SQLite alone must show: durable, append-only, and its transactions are what holds things together."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from shutil import copyfile
from threading import Thread
from typing import cast
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError

from adapters.store.sqlite import OneWriterDatastore, SQLiteLog, SQLiteRecorder
from adapters.views.sqlite import SQLiteGroupLists
from domain.commands import AddConversations, CreateGroup, DeleteGroup
from domain.ports import Key, Unavailable
from projections.follower import Follower
from tests.contract.stores import ALICE, APP, Clock, Store, sqlite_store, submission
from tests.contract.test_turns import SOON, wait_for

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca",))


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with sqlite_store(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def by_hand(tmp_path: Path, store: Store) -> Iterator[sqlite3.Connection]:
    """Give a connection beside the service's."""
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as connection:
        yield connection


def datastore(store: Store) -> OneWriterDatastore:
    return cast("SQLiteRecorder", store.groups.recorder).datastore


def views_of(store: Store) -> OneWriterDatastore:
    return cast("OneWriterDatastore", cast("SQLiteGroupLists", store.lists).datastore)


def check_every_connection(datastore: OneWriterDatastore, synchronous: int) -> None:
    with ExitStack() as held:
        for _ in range(datastore.pool.pool_size + datastore.pool.max_overflow):
            cursor = held.enter_context(datastore.transaction(commit=False))
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone()[0] == "wal"
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone()[0] == synchronous


def test_every_connection_that_writes_the_log_waits_for_the_disk(store: Store) -> None:
    full = 2
    check_every_connection(datastore(store), full)


def test_those_of_the_views_need_not_for_views_can_be_built_anew(store: Store) -> None:
    normal = 1
    assert views_of(store) is not datastore(store)
    check_every_connection(views_of(store), normal)


def test_views_and_log_share_one_queue_of_writers(store: Store) -> None:
    """Otherwise a view would wait for SQLite's own lock, which nobody hands over in turn."""
    store.outcome(ONE)
    step = Thread(target=Follower("view", store.log, store.lists).step)
    with datastore(store).transaction(commit=True) as c:
        c.execute("UPDATE log SET id = id")
        step.start()
        wait_for(views_of(store).writers, 1)
        assert store.lists.checkpoint() == 0
    step.join(SOON)
    assert store.lists.checkpoint() == 2


def test_what_was_recorded_is_never_changed_and_never_deleted(store: Store, by_hand: sqlite3.Connection) -> None:
    store.outcome(ONE)
    before = store.entries()
    for statement in (
        "UPDATE stored_events SET state = 'x' WHERE rowid = 1",
        "UPDATE stored_events SET rowid = 9 WHERE rowid = 1",
        "DELETE FROM stored_events WHERE rowid = 2",
        "DELETE FROM stored_events",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="what was recorded is never"):
            by_hand.execute(statement)
    assert store.entries() == before


def test_vacuum_keeps_every_position(store: Store, by_hand: sqlite3.Connection) -> None:
    values = (ALICE.hex, 1, "conversation-groups.group-created.v1", b"{}")
    by_hand.execute("INSERT INTO stored_events VALUES (100, ?, ?, ?, ?)", values)
    store.outcome(ONE, user="bob")
    assert store.log.head() == 102
    by_hand.execute("VACUUM")
    assert [row[0] for row in by_hand.execute("SELECT rowid FROM stored_events")] == [100, 101, 102]
    assert [entry.position for entry in store.log.read(100, 9)] == [101, 102]


def test_an_outcome_written_before_its_events_failed_is_gone_with_them(
    store: Store, by_hand: sqlite3.Connection
) -> None:
    by_hand.execute(
        "CREATE TRIGGER no_second BEFORE INSERT ON stored_events WHEN NEW.originator_version = 2 "
        "BEGIN SELECT RAISE(ABORT, 'not today'); END"
    )
    (reply,) = store.send(ONE, key="k")
    assert isinstance(reply.result, IntegrityError)
    assert by_hand.execute("SELECT COUNT(*) FROM kept_outcomes").fetchone() == (0,)
    assert store.log.head() == 0
    by_hand.execute("DROP TRIGGER no_second")
    assert not store.send(ONE, key="k")[0].replayed
    assert by_hand.execute("SELECT COUNT(*) FROM kept_outcomes").fetchone() == (1,)


@pytest.mark.parametrize("which", ["lists", "history"])
def test_a_view_and_its_checkpoint_move_in_one_transaction(
    store: Store, by_hand: sqlite3.Connection, which: str
) -> None:
    store.send(ONE, AddConversations(group_id=1, conversation_ids=("C2Cb",)))
    view = store.lists if which == "lists" else store.history
    by_hand.execute(
        "CREATE TRIGGER no_checkpoint BEFORE INSERT ON tracking BEGIN SELECT RAISE(ABORT, 'not today'); END"
    )
    follower = Follower("view", store.log, view)
    with pytest.raises(IntegrityError, match="not today"):
        follower.step()
    tables = ("group_lists_users", "group_lists_groups", "group_lists_memberships", "history")
    assert [by_hand.execute(f"SELECT COUNT(*) FROM {table}").fetchone() for table in tables] == 4 * [(0,)]
    by_hand.execute("DROP TRIGGER no_checkpoint")
    assert follower.step() == 3
    assert view.checkpoint() == 3


def test_a_full_disk_is_unavailable_and_changes_nothing(store: Store, by_hand: sqlite3.Connection) -> None:
    store.send(ONE)
    (pages,) = by_hand.execute("PRAGMA page_count").fetchone()
    with datastore(store).transaction(commit=False) as c:
        c.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable, match="full"):
        store.groups.handle([submission(ONE, user=f"user-{n}", key="k") for n in range(300)])
    assert store.log.head() == 2
    assert store.kept([Key(APP, "user-0", "k")]) == {}
    with datastore(store).transaction(commit=False) as c:
        c.execute("PRAGMA max_page_count = 1000000")
    store.outcome(ONE, user="user-0", key="k")
    assert store.log.head() == 4


def test_a_database_that_is_closed_is_unavailable(store: Store) -> None:
    store.send(ONE, key="k")
    store.groups.close()
    views_of(store).close()
    for call in (store.log.head, store.log.log_id, store.lists.checkpoint, lambda: store.log.read(0, 1)):
        with pytest.raises(Unavailable, match="does not answer"):
            call()
    with pytest.raises(Unavailable):
        store.send(ONE, key="k")
    with pytest.raises(Unavailable):
        store.send(DeleteGroup(group_id=1))


def test_a_transaction_that_failed_is_undone_and_lets_the_next_writer_in(store: Store) -> None:
    def write_and_fail() -> None:
        with datastore(store).transaction(commit=True) as c:
            c.execute("INSERT INTO history VALUES ('s', 1, 1, 't', 'r', 'a', NULL, 'e')")
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            write_and_fail()
    assert store.outcome(ONE).revision == 2
    with datastore(store).transaction(commit=False) as c:
        c.execute("SELECT COUNT(*) FROM history")
        assert c.fetchone()[0] == 0


def test_the_id_of_a_log_is_renewed_by_the_operator(store: Store) -> None:
    log = cast("SQLiteLog", store.log)
    before = log.log_id()
    after = log.renew_log_id()
    assert log.log_id() == after != before
    assert after.version == 4


def test_a_reader_sees_what_was_committed_while_a_writer_writes(store: Store) -> None:
    store.outcome(ONE)
    with datastore(store).transaction(commit=True) as c:
        c.execute("UPDATE log SET id = 'x'")
        assert store.log.head() == 2
        assert store.log.log_id().version == 4
        c.execute("UPDATE log SET id = ?", (str(UUID(int=7)),))
    assert store.log.log_id() == UUID(int=7)


def test_a_connection_that_cannot_be_made_keeps_no_later_writer_waiting(store: Store) -> None:
    pool = datastore(store).pool
    store.outcome(ONE)
    more = AddConversations(group_name="One", conversation_ids=("C2Cb",))
    with ExitStack() as held:
        for _ in range(pool.num_in_pool):
            held.enter_context(datastore(store).transaction(commit=False))
        soft, hard = getrlimit(RLIMIT_NOFILE)
        setrlimit(RLIMIT_NOFILE, (3, hard))  # every file number is taken
        try:
            with pytest.raises(Unavailable):
                store.outcome(more)  # decided on what is remembered: the first connection is that of the writer
        finally:
            setrlimit(RLIMIT_NOFILE, (soft, hard))
    store.outcome(more)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_deleted_or_replaced_takes_no_more_commands(
    store: Store, tmp_path: Path, replaced: bool
) -> None:
    store.outcome(ONE)
    file = tmp_path / "log.db"
    kept = file.rename(tmp_path / "kept.db")
    if replaced:
        copyfile(kept, file)
    for refused in (lambda: store.outcome(ONE, user="bob"), store.log.head, lambda: store.lists.load(ALICE)):
        with pytest.raises(Unavailable, match="deleted or replaced"):
            refused()
    assert file.exists() == replaced

    kept.rename(file)
    store.outcome(ONE, user="bob")
