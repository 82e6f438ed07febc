"""The views in PostgreSQL while others read them, follow them and build them anew."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from time import monotonic
from typing import cast

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.store.datastore import Datastore
from adapters.views.postgres import PostgresHistory
from adapters.views.postgres_group_lists import PostgresGroupLists
from adapters.views.postgres_tables import PostgresTables
from domain.commands import AddConversations, CreateGroup, RemoveConversations, RenameGroup, ReorderGroup
from domain.ports import Unavailable
from infra.postgres.postgres import LOOPBACK
from projections.follower import Follower
from projections.group_lists import UserGroupLists, current_lists
from projections.history import current_history
from tests.contract.stores import ALICE, Clock, Store, postgres_store
from tests.contract.test_postgres import by_hand, store, url_of
from tests.integration.service import wait_until
from tests.services.postgres_proxy import PostgresProxy

__all__ = ["by_hand", "store"]


@pytest.fixture
def other(store: Store, postgres_url: str, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with postgres_store(postgres_url)(tmp_path, clock) as opened:
        yield opened


ADD = AddConversations(group_id=1, conversation_ids=tuple(f"C2C{n}" for n in range(50)))


def filled(store: Store) -> None:
    store.send(CreateGroup(group_name="One"), CreateGroup(group_name="Two", conversation_ids=("C2Ca",)), ADD)
    store.send(RenameGroup(group_id=2, new_name="Zwei"), RemoveConversations(group_id=2, conversation_ids=("C2Ca",)))
    for view in (store.lists, store.history):
        Follower("view", store.log, view).catch_up()


def told(lists: UserGroupLists) -> object:
    return lists.revision, lists.listed(), lists.joins()


def test_a_batch_may_change_more_than_the_server_is_given_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.store.rows.AT_ONCE", 2)
    follower, numbers = Follower("view", store.log, store.lists), range(1, 6)
    store.send(*(CreateGroup(group_name=f"Group {n}", conversation_ids=(f"C2C{n}", f"C2C{n + 1}")) for n in numbers))
    follower.catch_up()
    store.send(*(RenameGroup(group_id=n, new_name=f"Gruppe {n}") for n in numbers))
    store.send(
        *(RemoveConversations(group_id=n, conversation_ids=(f"C2C{n}",)) for n in numbers),
        ReorderGroup(group_id=5, before=1),
    )
    follower.catch_up()
    afresh = UserGroupLists()
    for entry in store.log.read_user(ALICE, after=0):
        afresh.apply(entry.event)
    assert told(store.lists.load(ALICE)) == told(afresh)


def test_a_reader_meets_a_view_whole_or_empty_while_it_is_emptied_and_built(store: Store) -> None:
    filled(store)
    whole, over = told(store.lists.load(ALICE)), Event()
    history = current_history(store.log, store.history, ALICE, 0, 100)
    reads = 0

    def read() -> int:
        count = 0
        while not over.is_set():
            found = store.lists.load(ALICE)
            assert told(found) == whole or found == UserGroupLists()
            assert told(current_lists(store.log, store.lists, ALICE)) == whole
            assert current_history(store.log, store.history, ALICE, 0, 100) == history
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            for _ in range(25):
                for view in (store.lists, store.history):
                    view.clear()
                    Follower("view", store.log, view).catch_up()
        finally:
            over.set()
        reads = sum(reader.result(10) for reader in readers)
    assert reads > 25


@pytest.mark.parametrize("begun", ["emptying", "following"])
def test_emptying_and_following_take_turns(store: Store, by_hand: psycopg.Connection, begun: str) -> None:
    """Each takes the row of the checkpoint before it takes the tables, so none waits for the other in a circle."""
    filled(store)
    lists = cast("PostgresGroupLists", store.lists)
    store.send(RenameGroup(group_id=1, new_name="Eins"))
    entries = store.log.read(lists.checkpoint(), 10)
    waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    def first(then: Callable[[], object]) -> None:
        """Do the first half of the one, let the other come, and do the second half."""
        with ThreadPoolExecutor(1) as pool:
            with lists.datastore.writing() as c:
                if begun == "emptying":
                    lists.lease.put_back(c)
                else:
                    lists.lease.move(c, entries)
                waiting = pool.submit(then)
                wait_until(lambda: by_hand.execute(waits).rowcount, "the other to wait")
                if begun == "emptying":
                    c.execute("TRUNCATE group_lists_users, group_lists_groups, group_lists_memberships")
                else:
                    lists.write(c, entries)
            waiting.result(10)

    if begun == "emptying":
        with pytest.raises(Unavailable, match="stands at position 0"):
            first(lambda: lists.apply(entries))
    else:
        first(lists.clear)
    assert (lists.checkpoint(), lists.load(ALICE)) == (0, UserGroupLists())
    assert Follower("view", store.log, lists).catch_up() == store.log.head()
    assert lists.load(ALICE).listed()[0][1].name == "Eins"


def test_who_empties_a_view_takes_it_from_the_process_that_follows(store: Store, other: Store) -> None:
    """A follower at the end of the log asks for nothing but what is newer: it would never see that it was put back."""
    filled(store)
    ours, theirs = (cast("PostgresGroupLists", one.lists).lease for one in (store, other))
    epoch = ours.hold()
    assert (epoch is not None, theirs.hold()) == (True, None)
    other.lists.clear()
    assert ours.hold() == epoch, "it does not know yet"
    ours.renew()
    assert ours.hold() == (epoch or 0) + 2
    assert Follower("view", store.log, store.lists).catch_up() == store.log.head()


def test_who_empties_a_view_that_it_follows_itself_keeps_it(store: Store) -> None:
    filled(store)
    lease = cast("PostgresGroupLists", store.lists).lease
    epoch = lease.hold()
    store.lists.clear()
    lease.renew()
    assert lease.hold() == epoch


def test_a_view_is_dropped_with_all_that_it_holds_and_no_other(store: Store, by_hand: psycopg.Connection) -> None:
    filled(store)
    assert url_of(store)
    store.lists.clear()
    tables = ("group_lists_users", "group_lists_groups", "group_lists_memberships", "history", "stored_events")
    counts = [by_hand.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in tables]
    assert [count[0] for count in counts if count] == [0, 0, 0, store.log.head(), store.log.head()]


def test_a_view_that_cannot_be_emptied_yet_lets_readers_go_on(
    store: Store, by_hand: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long read, as a backup is, keeps a table from being emptied: nobody else waits for that."""
    filled(store)
    snapshots = cast("PostgresTables", store.snapshots)
    waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with ThreadPoolExecutor(1) as pool:
        with by_hand.transaction():
            by_hand.execute("SELECT count(*) FROM snapshots")
            emptied = pool.submit(snapshots.clear)
            wait_until(lambda: by_hand.execute(waits).rowcount, "the table to wait")
            begin = monotonic()
            for n in range(20):
                store.outcome(CreateGroup(group_name="One"), user=f"new-{n}")
            assert monotonic() - begin < 5, "each new user waited for the table"
            assert not emptied.done()
        emptied.result(10)
    monkeypatch.setattr("adapters.views.postgres_tables.LONGEST_CLEAR", 0.1)
    with by_hand.transaction():
        by_hand.execute("SELECT count(*) FROM snapshots")
        with pytest.raises(Unavailable, match="lock timeout"):
            snapshots.clear()


def test_no_view_lets_the_server_wait_for_rows(store: Store, postgres_proxy: PostgresProxy) -> None:
    """Who is held up in the middle of a COPY is not ended as idle, and keeps the row of its follower for ever."""
    store.send(CreateGroup(group_name="One"), CreateGroup(group_name="Two", conversation_ids=("C2Ca",)), ADD)
    with closing(Datastore(make_conninfo(url_of(store), host=LOOPBACK, port=postgres_proxy.port))) as datastore:
        lists = PostgresGroupLists(datastore, cast("PostgresGroupLists", store.lists).lease)
        history = PostgresHistory(datastore, cast("PostgresHistory", store.history).lease)
        postgres_proxy.cut_before_answer_of(b"COPY")
        for view in (lists, history):
            assert Follower("view", store.log, view).catch_up() == store.log.head()
    assert postgres_proxy.swallowed == 0
