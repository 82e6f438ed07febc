"""The network between the service and PostgreSQL loses an answer, or passes nothing for a while."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import httpx
import pytest

from tests.e2e.checks import assert_reads_are_the_fold
from tests.e2e.conftest import NewService
from tests.e2e.postgres.database import rows
from tests.e2e.recorded import read_log
from tests.e2e.service import PATIENCE, Service, eventually
from tests.e2e.user import User
from tests.services.postgres_proxy import PostgresProxy

LONGEST = 25.0
"""Seconds in which everything is answered, whatever the network does: a wait of 10 and a try of 15."""


@pytest.fixture
def service(new_service: NewService, postgres_url: str, postgres_proxy: PostgresProxy) -> Service:
    """Give a service that reaches the database through the proxy, and follows nothing: it queries for commands."""
    started = new_service(None, None, "--only=api", database=postgres_proxy.url_for(postgres_url))
    started.start()
    return started


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as one:
        yield one


def create(client: httpx.Client, name: str, user: str = "alice", key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return User(client, user).send("CreateGroup", groupName=name, headers=headers)


def test_a_command_whose_commit_was_not_answered_is_done_once(
    client: httpx.Client, postgres_proxy: PostgresProxy, postgres_url: str
) -> None:
    for number in range(20):
        user, key = f"user-{number}", f"key-{number}"
        assert create(client, "before", user).status_code == 200  # now the next commit is the next query
        postgres_proxy.cut_before_answer_of(b"SELECT")
        cut = create(client, "cut", user, key)
        assert postgres_proxy.swallowed == number + 1
        assert cut.status_code == 503
        assert cut.headers["Retry-After"]
        recorded = read_log(postgres_url)[-1].event
        assert (recorded["userID"], recorded["groupName"], recorded["revision"]) == (user, "cut", 2)

        again = create(client, "cut", user, key)
        assert again.status_code == 200
        assert again.headers["Idempotent-Replayed"] == "true"
        assert [event["eventID"] for event in again.json()["events"]] == [recorded["eventID"]]
        assert create(client, "other", user, key).status_code == 422
    log = read_log(postgres_url)
    assert [one.event["groupName"] for one in log] == ["before", "cut"] * 20
    assert_reads_are_the_fold(client, [f"user-{number}" for number in range(20)], log)
    assert rows(postgres_url, "SELECT count(*) FROM kept_outcomes") == [(20,)]


def test_a_query_before_the_commit_whose_answer_was_lost_does_nothing(
    client: httpx.Client, postgres_proxy: PostgresProxy, postgres_url: str
) -> None:
    postgres_proxy.cut_before_answer_of(b"SELECT")
    cut = create(client, "x", user="stranger", key="key")  # who is loaded first
    assert (cut.status_code, postgres_proxy.swallowed) == (503, 1)
    assert read_log(postgres_url) == []
    again = create(client, "x", user="stranger", key="key")
    assert again.status_code == 200
    assert "Idempotent-Replayed" not in again.headers


def test_a_connection_that_was_cut_is_not_noticed_by_the_next_caller(
    client: httpx.Client, postgres_proxy: PostgresProxy
) -> None:
    for number in range(5):
        assert create(client, f"group {number}").status_code == 200
        assert len(User(client, "alice").group_names()) == number + 1
        postgres_proxy.cut()


def test_while_nothing_passes_all_is_answered_in_bounded_time_and_comes_back(
    service: Service, client: httpx.Client, postgres_proxy: PostgresProxy, postgres_url: str
) -> None:
    assert create(client, "before").status_code == 200
    postgres_proxy.hold()
    begin = monotonic()
    with ThreadPoolExecutor(40) as pool:
        commands = [pool.submit(create, client, f"g{n}", f"user-{n % 5}", f"key-{n}") for n in range(20)]
        reads = [pool.submit(client.get, "/v1/users/alice/groups") for _ in range(16)]
        ready = pool.submit(client.get, "/readyz")
        eventually(lambda: postgres_proxy.held > 0, "something is held")
        for _ in range(5):
            assert client.get("/healthz", timeout=5).status_code == 200
            sleep(0.2)  # for some time
        answers = [asked.result(PATIENCE) for asked in [*commands, *reads, ready]]
    assert {answer.status_code for answer in answers} == {503}
    assert monotonic() - begin < LONGEST
    assert client.get("/healthz").status_code == 200

    postgres_proxy.release()
    eventually(lambda: create(client, "after").status_code in (200, 409), "commands are done again", LONGEST)
    eventually(lambda: client.get("/readyz").status_code == 200, "it is ready again", LONGEST)
    for number in range(20):
        assert create(client, f"g{number}", f"user-{number % 5}", f"key-{number}").status_code == 200
    log = read_log(postgres_url)
    names = [one.event["groupName"] for one in log if one.event["userID"].startswith("user-")]
    assert sorted(names) == sorted(f"g{number}" for number in range(20))
    assert_reads_are_the_fold(client, ["alice", *(f"user-{n}" for n in range(5))], log)
