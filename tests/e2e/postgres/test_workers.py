"""`convgroups serve --workers 3`: three processes at one address, and one beside them that keeps the views."""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from os import kill

import httpx
import pytest

from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold
from tests.e2e.conftest import NewService
from tests.e2e.load import Clients
from tests.e2e.postgres.database import VIEWS, assert_views_are_the_fold, owned_by, owners, rows, wait_for_views
from tests.e2e.postgres.processes import connections, runs, workers
from tests.e2e.recorded import read_log
from tests.e2e.service import Service, eventually

COUNT = 3
CONNECTIONS = 60


@pytest.fixture
def service(new_service: NewService, postgres_url: str) -> Service:
    started = new_service(None, None, f"--workers={COUNT}", database=postgres_url)
    started.start()
    eventually(lambda: len(workers(started.process.pid)) == COUNT + 1, "all workers are there")
    return started


def port(service: Service) -> int:
    found = httpx.URL(service.url).port
    assert found is not None
    return found


def send_by_all(service: Service) -> dict[int, int]:
    """Send a command on each of many new connections, and tell how many of these each worker has."""
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        clients = [stack.enter_context(service.client()) for _ in range(CONNECTIONS)]

        def send(numbered: tuple[int, httpx.Client]) -> int:
            number, client = numbered
            body = {"command": "CreateGroup", "groupName": f"group {number}"}
            return client.post(f"/v1/users/user-{number}/commands", json=body).status_code

        assert set(pool.map(send, enumerate(clients))) == {200}
        return dict(connections(port(service), workers(service.process.pid)))


def test_requests_are_spread_over_the_workers(service: Service) -> None:
    spread = send_by_all(service)
    assert sum(spread.values()) == CONNECTIONS
    # How evenly is up to the system; and one that is busy starting takes none.
    eventually(lambda: len(send_by_all(service)) > 1, "a second worker takes connections")
    sessions = rows(
        service.database,
        "SELECT count(DISTINCT client_port) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert sessions[0][0] > COUNT


def test_the_workers_share_the_followers_and_each_is_run_once(service: Service) -> None:
    with Clients(service, "workers", threads=6, users=6) as clients:
        clients.wait_for(answers=300)
    wait_for_views(service.database)
    running = owners(service.database)
    assert set(running) == set(VIEWS)
    assert {int(owner.rpartition(":")[2]) for owner, _ in running.values()} <= workers(service.process.pid)
    log = read_log(service.database)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_views_are_the_fold(service.database, log)
    with service.client() as client:
        assert_reads_are_the_fold(client, clients.users, log)


def test_workers_that_are_killed_are_started_again_and_nothing_is_lost(service: Service) -> None:
    with Clients(service, "workers are killed", threads=6, users=6) as clients:
        for _ in range(3):
            clients.wait_for(answers=50)
            before = workers(service.process.pid)
            eventually(lambda: owned_by(service, "history"), "a worker follows")
            follows = int(owners(service.database)["history"][0].rpartition(":")[2])
            serves = min(before - {follows})
            for killed in (follows, serves):
                kill(killed, signal.SIGKILL)
            eventually(
                lambda before=before: len(workers(service.process.pid) - before) == 2,  # type: ignore[misc]
                "other workers are there",
            )
            assert workers(service.process.pid) > before - {follows, serves}
            eventually(lambda: owned_by(service, *VIEWS), "another one follows")
    wait_for_views(service.database)
    log = read_log(service.database)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_views_are_the_fold(service.database, log)
    assert service.said().count("a process ended, and is started again") == 6
    assert service.stop() < 10


def test_asked_to_end_under_load_all_workers_end_in_good_order(service: Service) -> None:
    all_of_them = workers(service.process.pid)
    with Clients(service, "all end", threads=4, users=6) as clients:
        clients.wait_for(answers=100)
        service.stop()
        assert not [process for process in all_of_them if runs(process)]
        assert owners(service.database) == {}
        assert_commands_are_recorded_once(list(clients.sent), read_log(service.database))
        service.start()
        clients.wait_for(answers=100)
    assert_commands_are_recorded_once(clients.sent, read_log(service.database))


def test_workers_end_with_their_parent_however_that_ends(service: Service) -> None:
    eventually(lambda: owned_by(service, *VIEWS), "a worker follows")
    all_of_them = workers(service.process.pid)
    kill(service.process.pid, signal.SIGKILL)
    service.process.wait()
    eventually(lambda: not any(map(runs, all_of_them)), "all workers end")
    assert "Traceback" not in service.said()
    assert owners(service.database) == {}
    service.kill()
    service.start()
    assert send_by_all(service)


@pytest.mark.parametrize("after", [0, 0.1, 0.3, 1])
def test_asked_to_end_while_it_starts_it_ends_with_all_that_it_started(
    new_service: NewService, postgres_url: str, after: float
) -> None:
    service = new_service(None, None, f"--workers={COUNT}", database=postgres_url)
    service.begin()
    eventually(lambda: '"event": "serving"' in service.said(), "it begins to serve")
    never = signal.sigtimedwait([], after)  # any moment will do
    assert never is None
    started = workers(service.process.pid)
    service.stop()
    eventually(lambda: not any(map(runs, started)), "all workers end")


def test_eight_processes_that_start_at_once_on_an_empty_database_all_come_up(
    new_service: NewService, postgres_url: str
) -> None:
    services = [new_service(database=postgres_url) for _ in range(8)]
    for service in services:
        service.begin()
    for service in services:
        service.wait_until_up()
    with Clients(services[0], "at once", *services[1:], threads=8, users=4) as clients:
        clients.wait_for(answers=100)
    wait_for_views(postgres_url)
    log = read_log(postgres_url)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_views_are_the_fold(postgres_url, log)
    assert rows(postgres_url, "SELECT count(*) FROM log") == [(1,)]
    for service in services:
        eventually(lambda service=service: service.readiness()[0] == 200, "it is ready")  # type: ignore[misc]
    for service in services:
        service.stop()
