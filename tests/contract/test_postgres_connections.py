"""The connections to PostgreSQL: the server may close them, and they need not be the first files of the process."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from typing import cast

import psycopg
import pytest

from adapters.store.datastore import WRITERS
from adapters.store.postgres import PostgresRecorder, environment
from adapters.store.postgres_log import PostgresLog
from domain.commands import AddConversations, CreateGroup
from domain.ports import Unavailable
from domain.service import ConversationGroups
from projections.follower import Follower
from tests.contract.stores import Store, submission
from tests.contract.test_postgres import by_hand, recorder, store, url_of
from tests.integration.service import wait_until

__all__ = ["by_hand", "store"]

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca",))
MORE = AddConversations(group_name="One", conversation_ids=("C2Cb",))


OTHERS = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"


def terminate_all(by_hand: psycopg.Connection) -> int:
    """Close, on the server, every other connection to this database; tell how many there were."""
    closed = by_hand.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}".encode()).rowcount
    there = f"SELECT FROM pg_stat_activity WHERE {OTHERS}".encode()
    wait_until(lambda: by_hand.execute(there).rowcount == 0, "the connections to be closed")
    return closed


def use_what_was_cut(store: Store, by_hand: psycopg.Connection) -> None:
    with recorder(store).datastore.writing() as c:
        c.execute("DELETE FROM kept_outcomes")
        terminate_all(by_hand)
        c.execute("SELECT 1")


USES: dict[str, Callable[[Store], object]] = {
    "a command": lambda store: store.outcome(MORE, key="k").revision == 3,
    "a command on a user who is not remembered": lambda store: store.outcome(ONE, user="bob").revision == 2,
    "a dry run": lambda store: store.groups.dry_run(submission(MORE)).revision == 3,
    "the log": lambda store: store.log.head() == 2,
    "a view": lambda store: store.lists.load(store.events()[0].originator_id).revision == 0,
    "a follower": lambda store: Follower("view", store.log, store.lists).step() == 2,
    "pruning": lambda store: store.groups.prune() == 0,
}


@pytest.mark.parametrize("use", USES)
def test_idle_connections_that_the_server_closed_cost_nothing(
    store: Store, by_hand: psycopg.Connection, use: str
) -> None:
    store.outcome(ONE)
    with ExitStack() as held:
        for _ in range(WRITERS):
            held.enter_context(recorder(store).datastore.get_connection())
    assert terminate_all(by_hand) == WRITERS
    assert USES[use](store)
    assert USES["a view"](store) or use == "a follower"


def test_a_connection_that_is_lost_in_use_is_unavailable_and_the_next_one_works(
    store: Store, by_hand: psycopg.Connection
) -> None:
    store.outcome(ONE)
    with pytest.raises(Unavailable, match="does not answer"):
        use_what_was_cut(store, by_hand)
    assert store.outcome(MORE).revision == 3


def test_a_service_with_more_clients_than_a_thousand_reaches_its_database(store: Store) -> None:
    soft, hard = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (min(hard, 4096), hard))
    clients: list[int] = []
    try:
        while not clients or clients[-1] < 1100:
            clients.append(os.open(os.devnull, os.O_RDONLY))
        with ExitStack() as held:
            for _ in range(WRITERS - 2):
                held.enter_context(recorder(store).datastore.get_connection())
            assert store.outcome(ONE).revision == 2
        assert store.log.head() == 2
    finally:
        for client in clients:
            os.close(client)
        setrlimit(RLIMIT_NOFILE, (soft, hard))


def test_a_database_that_is_closed_is_unavailable(store: Store) -> None:
    with ConversationGroups(environment(url_of(store))) as groups:
        log = PostgresLog(cast("PostgresRecorder", groups.recorder).datastore)
    for call in (log.head, log.log_id, lambda: log.read(0, 1), lambda: groups.handle([submission(ONE, key="k")])):
        with pytest.raises(Unavailable, match="does not answer"):
            call()
