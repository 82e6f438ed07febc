"""What PostgreSQL alone asks for: connections that end, and locks that are taken in one order."""

import os
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from time import monotonic

import psycopg
import pytest

from adapters.store.connections import LONGEST_SILENCE
from adapters.store.datastore import CONNECTIONS, Datastore
from adapters.store.leases import Leases
from adapters.store.migrate import migrate_postgres
from adapters.views.postgres_group_lists import PostgresGroupLists
from domain.ports import Entry, Unavailable
from tests.e2e.service import PATIENCE, eventually

NETWORK_OF_THE_SERVER = "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"


@pytest.fixture
def database(postgres_url: str) -> str:
    migrate_postgres(postgres_url)
    return postgres_url


@pytest.fixture
def datastore(database: str) -> Iterator[Datastore]:
    with closing(Datastore(database)) as opened:
        yield opened


def asked(datastore: Datastore) -> int:
    with datastore.statement() as c:
        row = c.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def end_all_sessions(database: str) -> int:
    """End all sessions but the own one, as a restart of the server does, and tell how many there were."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(database, autocommit=True) as connection:
        ended = connection.execute(f"SELECT pg_terminate_backend(pid, 10000) {others}".encode()).fetchall()
    return len(ended)


def test_connections_that_the_server_has_closed_keep_nobody_waiting(datastore: Datastore, database: str) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(datastore.statement())
    assert end_all_sessions(database) == CONNECTIONS
    begin = monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        assert all(pool.map(lambda _: asked(datastore), range(3 * CONNECTIONS)))
    assert monotonic() - begin < 4


def test_the_server_gives_up_a_client_that_vanished_before_others_give_up_waiting(datastore: Datastore) -> None:
    with datastore.statement() as c:
        c.execute("SELECT name, setting::integer FROM pg_settings WHERE name LIKE 'tcp%'")
        holds = dict(c.fetchall())
    idle, interval, count, unanswered = (holds[name] for name in NETWORK_OF_THE_SERVER)
    assert min(idle, interval, count, unanswered) > 0
    assert idle + interval * count < LONGEST_SILENCE
    assert unanswered / 1000 < LONGEST_SILENCE


def test_a_session_that_is_ended_in_the_middle_is_away_for_its_caller_alone(
    datastore: Datastore, database: str
) -> None:
    def cut() -> None:
        with datastore.statement() as c:
            end_all_sessions(database)
            c.execute("SELECT 1")

    with pytest.raises(Unavailable):
        cut()
    assert asked(datastore)


def test_a_process_with_more_than_a_thousand_open_files_still_reaches_the_database(database: str) -> None:
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2000:
        pytest.skip(f"this machine allows {most} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit, 2000), most))
    try:
        with ExitStack() as files:
            for _ in range(1100):
                files.enter_context(open(os.devnull))  # noqa: PTH123 - any file will do
            with closing(Datastore(database)) as datastore:
                assert asked(datastore)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))


def test_a_view_is_emptied_while_its_follower_writes_it_and_neither_stands_in_the_way(
    datastore: Datastore, database: str
) -> None:
    leases = Leases(datastore)
    lease = leases.lease("group-lists")
    view = PostgresGroupLists(datastore, lease)
    lease.hold()
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor() as pool, psycopg.connect(database, autocommit=True) as other:
        with view.moving([Entry(1, None, b"")]) as c:  # type: ignore[arg-type]
            emptied = pool.submit(view.clear)
            eventually(lambda: other.execute(waiting).fetchall() != [(0,)], "the other waits")
            c.execute("SELECT count(*) FROM group_lists_users")
        emptied.result(PATIENCE)
    assert view.checkpoint() == 0
