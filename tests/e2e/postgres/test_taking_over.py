"""Two services on one database: one follows the log, and the other takes over when that one is gone or held up."""

import signal
from collections.abc import Iterator
from time import monotonic

import pytest

from adapters.store.leases import LASTS
from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold
from tests.e2e.conftest import NewService
from tests.e2e.load import Clients
from tests.e2e.postgres.database import (
    VIEWS,
    assert_views_are_the_fold,
    owned_by,
    owners,
    wait_for_views,
)
from tests.e2e.recorded import read_log
from tests.e2e.service import Service, eventually

IN_TIME = 10.0
"""Seconds in which the views follow again after a process was killed: what a lease lasts, and some to notice."""


@pytest.fixture
def first(new_service: NewService, postgres_url: str) -> Service:
    """Give a service that runs all followers."""
    service = new_service(database=postgres_url)
    service.start()
    eventually(lambda: owned_by(service, *VIEWS), "the first follows")
    return service


@pytest.fixture
def second(first: Service, new_service: NewService) -> Service:
    """Give one that stands by."""
    service = new_service(database=first.database)
    service.start()
    return service


@pytest.fixture
def clients(first: Service, second: Service) -> Iterator[Clients]:
    """Let clients send to the second service."""
    with Clients(second, "taking over", threads=2, users=4) as running:
        running.wait_for(answers=50)
        yield running


def stands_by(service: Service) -> bool:
    status, checks = service.readiness()
    return status == 200 and all(checks[view]["detail"] == "stands by: another process follows" for view in VIEWS)


def wait_until_it_follows(service: Service) -> None:
    eventually(lambda: owned_by(service, *VIEWS), "the other service takes over")
    wait_for_views(service.database)


def assert_all_is_there_once(url: str, clients: Clients, *services: Service) -> None:
    """Answers, log, views, and the reads of each service agree."""
    wait_for_views(url)
    log = read_log(url)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_views_are_the_fold(url, log)
    for service in services:
        assert service.readiness()[0] == 200
        with service.client() as client:
            assert_reads_are_the_fold(client, clients.users, log)


def test_the_second_stands_by_says_so_and_answers_what_the_first_was_told(first: Service, second: Service) -> None:
    assert stands_by(second)
    assert not stands_by(first)
    with Clients(second, "one follows", first, users=4) as clients:
        clients.wait_for(answers=200)
    assert_all_is_there_once(first.database, clients, first, second)
    assert stands_by(second)
    assert {owner for owner, _ in owners(first.database).values()} == {owners(first.database)["history"][0]}


def test_after_kill_9_of_the_first_the_views_follow_in_time(first: Service, second: Service, clients: Clients) -> None:
    before = owners(first.database)
    first.kill()
    begin = monotonic()
    wait_until_it_follows(second)
    assert monotonic() - begin < IN_TIME
    clients.end()
    assert {name: epoch for name, (_, epoch) in owners(first.database).items()} == {
        name: epoch + 1 for name, (_, epoch) in before.items()
    }
    assert_all_is_there_once(first.database, clients, second)


def test_asked_to_end_the_first_hands_over_at_once(first: Service, second: Service, clients: Clients) -> None:
    begin = monotonic()
    first.ask_to_stop()
    eventually(lambda: owned_by(second, *VIEWS), "the second takes over")
    assert monotonic() - begin < LASTS / 2
    first.wait_until_stopped()
    wait_until_it_follows(second)
    first.start()
    clients.wait_for(answers=50)
    clients.end()
    assert stands_by(first)
    assert_all_is_there_once(first.database, clients, first, second)


def test_a_process_that_was_held_up_changes_nothing_when_it_wakes(
    first: Service, second: Service, clients: Clients
) -> None:
    for held_up, other in [(first, second), (second, first)]:
        epoch = owners(first.database)["history"][1]
        if held_up is second:
            clients.end()  # they talk to this one
        held_up.signal(signal.SIGSTOP)
        wait_until_it_follows(other)
        held_up.signal(signal.SIGCONT)
        eventually(lambda service=held_up: stands_by(service), "it stands by")  # type: ignore[misc]
        assert owners(first.database)["history"][1] == epoch + 1
    assert "needs a person" not in first.said() + second.said()
    assert_all_is_there_once(first.database, clients, first, second)
