"""Nothing that PostgreSQL learns, or does beside, makes the service read whole tables or wait."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from domain.commands import AddConversations, CreateGroup, RenameGroup
from domain.submission import Submission
from domain.values import stream_id
from projections.follower import Follower
from projections.group_lists import current_lists
from projections.history import current_history
from projections.snapshots import Snapshots
from tests.contract.stores import APP, Clock, Store, postgres_store, submission
from tests.contract.test_postgres import by_hand, store, url_of
from tests.contract.test_postgres_connections import OTHERS
from tests.integration.service import wait_until

__all__ = ["by_hand", "store"]

MANY = 200_000
TABLES = (
    "stored_events",
    "kept_outcomes",
    "snapshots",
    "followers",
    "history",
    *(f"group_lists_{part}" for part in ("users", "groups", "memberships")),
)
FILL = (
    """INSERT INTO stored_events SELECT md5(n::text)::uuid, 1, 'conversation-groups.group-created.v1', '{}', n
    FROM generate_series((SELECT coalesce(max(notification_id), 0) + 1 FROM stored_events), %(many)s) AS n""",
    """INSERT INTO kept_outcomes SELECT md5(n::text)::uuid, 'k', '\\x00', '{}', '2026-11-20'
    FROM generate_series(1, %(many)s) AS n""",
    """INSERT INTO snapshots SELECT md5(n::text)::uuid, 1, 1, '' FROM generate_series(1, 20000) AS n""",
    "INSERT INTO group_lists_users SELECT md5(n::text)::uuid, 1, n, 1 FROM generate_series(1, %(many)s) AS n",
)


def scans(url: str) -> dict[str, int]:
    """Tell how often each table was read as a whole; sessions tell that when they end, so wait until all have."""
    with psycopg.connect(url, autocommit=True) as connection:
        there = f"SELECT FROM pg_stat_activity WHERE {OTHERS}".encode()
        wait_until(lambda: connection.execute(there).rowcount == 0, "the sessions to end")
        found = connection.execute(
            "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE schemaname = current_schema()"
        )
        return {name: count for name, count in found if name in TABLES}


def use_everything(store: Store, number: int) -> None:
    """Do whatever a service does, for users of its own."""
    users = [f"user-{number}-{n}" for n in range(20)]
    one = CreateGroup(group_name="One", conversation_ids=("C2Ca", "C2Cb"))
    for batch in (
        [submission(one, user, "k") for user in users],
        [submission(RenameGroup(group_id=1, new_name="Two"), user) for user in users],
        [submission(AddConversations(group_id=1, conversation_ids=(f"C2C{n}",)), users[0]) for n in range(60)],
    ):
        store.groups.handle(batch)
    assert store.send(one, user=users[0], key="k")[0].replayed
    store.groups.states_of([stream_id(APP, user) for user in users])
    for effect in (store.lists, store.history, Snapshots(store.snapshots, store.groups.states_of)):
        effect.checkpoint()
        Follower("it", store.log, effect, batch_size=200).step()
    stream = stream_id(APP, users[0])
    current_lists(store.log, store.lists, stream)
    current_history(store.log, store.history, stream, 0, 100)
    store.log.revision(stream)
    store.log.head()
    store.clock.go_on(timedelta(days=8))
    assert store.groups.prune() > 0


@pytest.mark.parametrize("events", [0, MANY])
def test_no_table_is_read_as_a_whole_whatever_the_statistics_say(
    postgres_url: str, tmp_path: Path, clock: Clock, events: int
) -> None:
    with postgres_store(postgres_url)(tmp_path, clock) as store:
        url = url_of(store)
        with psycopg.connect(url, autocommit=True) as by_hand:
            by_hand.execute("ANALYZE")  # of tables that are empty, or nearly
            if events:
                for statement in FILL:
                    by_hand.execute(statement.encode(), {"many": events})
                by_hand.execute("UPDATE followers SET position = (SELECT max(notification_id) FROM stored_events)")
    before = scans(url)
    assert set(before) == set(TABLES)
    with postgres_store(postgres_url)(tmp_path, clock) as store:
        use_everything(store, 1)
        with psycopg.connect(url, autocommit=True) as by_hand:
            by_hand.execute("ANALYZE")
        use_everything(store, 2)
    assert scans(url) == before


@pytest.fixture
def beside(store: Store) -> Iterator[psycopg.Connection]:
    """Give a connection whose transaction stays open while the service works."""
    with psycopg.connect(url_of(store)) as connection:
        yield connection


def works(store: Store) -> None:
    """See that writing, reading and following go on."""
    command = CreateGroup(group_name="One", conversation_ids=("C2Ca",))
    one: Submission = submission(command, f"user-{store.log.head()}", "k")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(store.groups.handle, [one]).result(5)
        pool.submit(Follower("it", store.log, store.lists).catch_up).result(5)
        pool.submit(store.lists.load, one.stream).result(5)
        pool.submit(store.groups.prune).result(5)
    assert store.log.revision(one.stream) == 2


@pytest.mark.parametrize("table", TABLES)
def test_the_lock_of_maintenance_keeps_nobody_waiting(store: Store, beside: psycopg.Connection, table: str) -> None:
    """ANALYZE, VACUUM and CREATE INDEX CONCURRENTLY take this one, for as long as they take."""
    works(store)
    beside.execute(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE".encode())
    works(store)
    beside.rollback()


def test_an_analyze_whose_transaction_stays_open_keeps_nobody_waiting(store: Store, beside: psycopg.Connection) -> None:
    works(store)
    beside.execute("ANALYZE")
    works(store)
    beside.rollback()


@pytest.mark.parametrize(
    "statement", ["VACUUM", "VACUUM ANALYZE", "ANALYZE", "CREATE INDEX CONCURRENTLY more ON stored_events (topic)"]
)
def test_maintenance_in_the_middle_costs_no_command(store: Store, by_hand: psycopg.Connection, statement: str) -> None:
    works(store)
    with ThreadPoolExecutor(1) as pool:
        maintenance = pool.submit(by_hand.execute, statement.encode())
        works(store)
        while not maintenance.done():
            works(store)
        maintenance.result()
    works(store)


def test_only_a_lock_that_forbids_writing_is_waited_for(store: Store, beside: psycopg.Connection) -> None:
    """So the tests above would see a command wait."""
    beside.execute("LOCK TABLE stored_events IN SHARE MODE")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.outcome, CreateGroup(group_name="One"))
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        beside.rollback()
        assert waiting.result(5).revision == 1
