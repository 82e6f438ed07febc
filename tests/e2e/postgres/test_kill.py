"""`kill -9` of the service, and of PostgreSQL, in the middle of commands: what was acknowledged is there once."""

import time
from random import Random

import pytest

from infra.postgres.postgres import LocalPostgres
from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold
from tests.e2e.conftest import NewService
from tests.e2e.kills import SEED, RecordProperty, give_figures, wait_for_any_moment
from tests.e2e.load import Clients
from tests.e2e.postgres.database import assert_views_are_the_fold, wait_for_views
from tests.e2e.recorded import Recorded, read_log
from tests.e2e.service import Service, eventually

BACK = 15.0
"""Seconds in which the service goes on after PostgreSQL has come back."""

KILLS = [10, pytest.param(50, marks=pytest.mark.proof)]


def assert_nothing_is_lost_or_doubled(service: Service, clients: Clients) -> list[Recorded]:
    """The views get there without help; then answers, log, views and reads agree."""
    wait_for_views(service.database)
    log = read_log(service.database)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_views_are_the_fold(service.database, log)
    with service.client() as client:
        assert_reads_are_the_fold(client, clients.users, log)
    return log


@pytest.mark.parametrize("kills", KILLS)
def test_kill_9_of_the_service_loses_and_doubles_nothing(
    postgres_url: str, new_service: NewService, kills: int, record_property: RecordProperty
) -> None:
    """Killed in the middle of commands, the service on PostgreSQL loses and doubles nothing: log, views, reads."""
    service = new_service(database=postgres_url)
    random = Random(SEED)
    service.start()
    with Clients(service, SEED) as clients:
        for _ in range(kills):
            wait_for_any_moment(clients, random)
            service.kill()
            service.start()
        clients.wait_for(answers=100)
    log = assert_nothing_is_lost_or_doubled(service, clients)
    service.stop()
    assert read_log(postgres_url) == log
    give_figures(record_property, kills, clients, log)


@pytest.mark.parametrize("kills", KILLS)
def test_kill_9_of_postgres_loses_and_doubles_nothing(
    own_postgres: LocalPostgres, new_service: NewService, kills: int, record_property: RecordProperty
) -> None:
    """PostgreSQL killed in the middle of commands, two services go on by themselves, and nothing is lost or doubled."""
    services = [new_service(database=own_postgres.url) for _ in range(2)]
    random = Random(SEED)
    longest = 0.0
    for service in services:
        service.start()
    with Clients(services[0], SEED, services[1]) as clients:
        for _ in range(kills):
            wait_for_any_moment(clients, random)
            own_postgres.kill()
            own_postgres.start()
            begin = time.monotonic()
            clients.wait_for(answers=12)
            longest = max(longest, time.monotonic() - begin)
    for service in services:
        eventually(lambda service=service: service.readiness()[0] == 200, "it is ready by itself")  # type: ignore[misc]
        log = assert_nothing_is_lost_or_doubled(service, clients)
        assert "needs a person" not in service.said()
        assert '"level": "error"' not in service.said()
    assert longest < BACK
    give_figures(record_property, kills, clients, log)
    record_property("longest until commands were answered again, s", longest)


def test_after_a_longer_outage_of_postgres_the_service_goes_on_soon(
    own_postgres: LocalPostgres, new_service: NewService
) -> None:
    service = new_service(database=own_postgres.url)
    service.start()
    with Clients(service, "a longer outage") as clients:
        clients.wait_for(answers=100)
        own_postgres.kill()
        time.sleep(9)  # the length of the outage is what is tried
        with service.client() as client:
            assert client.get("/healthz").status_code == 200
            assert client.get("/readyz").status_code == 503
            assert client.get("/v1/users/user-1/groups").status_code == 503
        own_postgres.start()
        begin = time.monotonic()
        clients.wait_for(answers=12)
        assert time.monotonic() - begin < BACK / 3
        eventually(lambda: service.readiness()[0] == 200, "it is ready by itself")
    assert_nothing_is_lost_or_doubled(service, clients)
