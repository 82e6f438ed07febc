"""`convgroups serve` on PostgreSQL: the views have a process of their own, and whoever asks meets one service."""

import signal
from os import PRIO_PROCESS, getpriority, kill

import pytest

from infra.postgres.postgres import LocalPostgres
from tests.e2e.checks import assert_commands_are_recorded_once, assert_topic_is_the_log
from tests.e2e.conftest import NewService
from tests.e2e.consumer import events, read_changes
from tests.e2e.load import Clients
from tests.e2e.postgres.database import VIEWS, assert_views_are_the_fold, owned_by, owners, wait_for_views
from tests.e2e.postgres.processes import runs, workers
from tests.e2e.recorded import read_log
from tests.e2e.service import Service, eventually


@pytest.fixture
def service(new_service: NewService, postgres_url: str) -> Service:
    started = new_service(database=postgres_url)
    started.start()
    eventually(lambda: owned_by(started, *VIEWS), "the views are kept")
    return started


def views_process(service: Service) -> int:
    [process] = workers(service.process.pid)
    return process


def test_the_views_are_kept_in_a_process_that_gives_way_to_the_one_that_answers(service: Service) -> None:
    beside = views_process(service)
    assert {int(owner.rpartition(":")[2]) for owner, _ in owners(service.database).values()} == {beside}
    assert getpriority(PRIO_PROCESS, beside) > getpriority(PRIO_PROCESS, service.process.pid)


def test_whoever_asks_meets_one_service(service: Service) -> None:
    with Clients(service, "one service", users=4) as clients:
        clients.wait_for(answers=100)
    wait_for_views(service.database)
    eventually(lambda: service.readiness()[1]["history"].get("lag") == {"events": 0, "seconds": 0.0}, "it tells lags")
    status, checks = service.readiness()
    assert (status, list(checks)) == (200, ["database", *VIEWS, "feed"])
    with service.client() as client:
        metrics = client.get("/metrics").text
    for view in VIEWS:
        assert f'convgroups_follower_lag_events{{follower="{view}"}} 0.0' in metrics


def test_while_the_process_of_the_views_is_held_up_commands_and_reads_go_on(service: Service) -> None:
    beside = views_process(service)
    kill(beside, signal.SIGSTOP)
    try:
        with Clients(service, "held up", users=4) as clients:
            clients.wait_for(answers=100)
        status, checks = service.readiness()
        assert status == 503
        assert checks["process of the views"]["detail"] == "does not answer: timed out"
    finally:
        kill(beside, signal.SIGCONT)
    eventually(lambda: service.readiness()[0] == 200, "it is ready again")
    wait_for_views(service.database)
    log = read_log(service.database)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_views_are_the_fold(service.database, log)


def test_killed_again_and_again_the_process_of_the_views_comes_back_and_they_are_right(service: Service) -> None:
    with Clients(service, "killed", users=4) as clients:
        for _ in range(3):
            clients.wait_for(answers=50)
            beside = views_process(service)
            kill(beside, signal.SIGKILL)
            eventually(lambda beside=beside: workers(service.process.pid) - {beside} != set(), "it is back")  # type: ignore[misc]
        clients.wait_for(answers=50)
    eventually(lambda: service.readiness()[0] == 200, "it is ready again")
    wait_for_views(service.database)
    log = read_log(service.database)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_views_are_the_fold(service.database, log)
    assert service.said().count("a process ended, and is started again") == 3


def test_it_ends_with_the_one_that_answers_however_that_ends(service: Service) -> None:
    beside = views_process(service)
    kill(service.process.pid, signal.SIGKILL)
    service.process.wait()
    eventually(lambda: not runs(beside), "it ends")
    assert owners(service.database) == {}
    service.kill()
    service.start()
    eventually(lambda: owned_by(service, *VIEWS), "the views are kept again")
    beside = views_process(service)
    service.stop()
    assert not runs(beside)
    assert owners(service.database) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_all_at_once_its_processes_end_in_good_order(service: Service, number: signal.Signals) -> None:
    """As Ctrl-C in a terminal asks them, or a system that stops a service."""
    beside = views_process(service)
    with service.client() as client, client.stream("GET", "/v1/users/alice/events"):  # who ends waits for readers
        service.up.clear()
        service.signal(number)
        service.wait_until_stopped()
    assert not runs(beside)
    assert owners(service.database) == {}
    assert '"level": "error"' not in service.said()


def test_asked_again_and_again_it_ends_as_soon_though_a_process_does_not_react(service: Service) -> None:
    beside = views_process(service)
    kill(beside, signal.SIGSTOP)
    for _ in range(10):
        service.ask_to_stop()
        never = signal.sigtimedwait([], 0.2)  # also while it waits for that process
        assert never is None
    service.wait_until_stopped()
    assert not runs(beside)


def test_the_relay_has_a_process_of_its_own_too(
    new_service: NewService, postgres_url: str, kafka: str, kafka_prefix: str
) -> None:
    service = new_service(kafka, kafka_prefix, database=postgres_url)
    service.start()
    with Clients(service, "relay apart", users=4) as clients:
        clients.wait_for(answers=100)
        eventually(lambda: owned_by(service, *VIEWS, "relay"), "all are followed")
        running = {name: owner for name, (owner, _) in owners(postgres_url).items()}
        assert running["relay"] not in {running[view] for view in VIEWS}
        relay = int(running["relay"].rpartition(":")[2])
        kill(relay, signal.SIGKILL)
        clients.wait_for(answers=100)
        eventually(lambda: owners(postgres_url).get("relay", running["relay"])[0] != running["relay"], "it is back")
    log = read_log(postgres_url)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_topic_is_the_log(read_changes(kafka, f"{kafka_prefix}.events.v1", events(len(log))), log)
    assert "lag" in service.readiness()[1]["relay"]
    service.stop()


def test_while_the_database_is_away_a_process_that_comes_back_waits_for_it(
    own_postgres: LocalPostgres, new_service: NewService
) -> None:
    service = new_service(database=own_postgres.url)
    service.start()
    eventually(lambda: owned_by(service, *VIEWS), "the views are kept")
    beside = views_process(service)
    own_postgres.kill()
    kill(beside, signal.SIGKILL)
    eventually(lambda: "waiting for the database" in service.said(), "it waits")
    own_postgres.start()
    eventually(lambda: service.readiness()[0] == 200, "it is ready again")
    assert service.said().count("a process ended, and is started again") == 1
    assert "Traceback" not in service.said()
