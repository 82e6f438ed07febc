"""Many callers at once."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier

import httpx
import psycopg
import pytest

from tests.integration.answers import assert_problem
from tests.integration.service import Place, Service, on_both, running, wait_until

THREADS, EACH, USERS = 32, 10, 5


@on_both
def test_every_acknowledged_command_is_there_once(service: Service, user: str) -> None:
    users = [f"{user}-{n}" for n in range(USERS)]
    for name in users:
        service.done(name, "CreateGroup", groupName="shared")
    start = Barrier(THREADS)

    def work(number: int) -> list[tuple[str, str, int]]:
        acknowledged = []
        with httpx.Client(base_url=service.url, timeout=30) as client:
            start.wait()
            for n in range(EACH):
                name, conversation = users[(number + n) % USERS], f"C2C{number}-{n}"
                body = {"command": "AddConversations", "groupName": "shared", "conversationIDs": [conversation]}
                headers = {"Idempotency-Key": conversation}
                for _ in range(2):
                    response = client.post(f"/v1/users/{name}/commands", json=body, headers=headers)
                    assert response.status_code == 200, response.text
                acknowledged.append((name, conversation, response.json()["revision"]))
        return acknowledged

    with ThreadPoolExecutor(THREADS) as pool:
        acknowledged = [one for done in pool.map(work, range(THREADS)) for one in done]
    assert len(acknowledged) == THREADS * EACH
    service.wait_for_views()
    for name in users:
        sent = {(conversation, revision) for owner, conversation, revision in acknowledged if owner == name}
        events = service.history(name)
        assert [event["revision"] for event in events] == list(range(1, len(sent) + 2))
        assert Counter(event["conversationIDs"][0] for event in events[1:]).most_common(1)[0][1] == 1
        assert {(event["conversationIDs"][0], event["revision"]) for event in events[1:]} == sent
        assert len(service.read(name, "groups/1")["conversationIDs"]) == len(sent)


@on_both
def test_of_twins_with_one_key_one_is_carried_out(service: Service, user: str) -> None:
    start = Barrier(THREADS)

    def twin(_: int) -> httpx.Response:
        start.wait()
        body = {"command": "CreateGroup", "groupName": "x", "conversationIDs": ["C2Ca"]}
        return httpx.post(
            f"{service.url}/v1/users/{user}/commands", json=body, headers={"Idempotency-Key": "k"}, timeout=30
        )

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(twin, range(THREADS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert service.read(user, "groups")["revision"] == 2


@on_both
def test_of_those_who_expect_one_revision_one_wins(service: Service, user: str) -> None:
    start = Barrier(THREADS)

    def contender(number: int) -> httpx.Response:
        start.wait()
        body = {"command": "CreateGroup", "groupName": str(number), "expectedRevision": 0}
        return httpx.post(f"{service.url}/v1/users/{user}/commands", json=body, timeout=30)

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(contender, range(THREADS)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: THREADS - 1}
    assert {answer.json().get("currentRevision") for answer in answers} == {None, 1}


@contextmanager
def another_writer(place: Place) -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Give what lets another process write, so that all others wait, and what ends that."""
    if isinstance(place, str):
        with psycopg.connect(place) as postgres:
            yield lambda: postgres.execute("LOCK TABLE stored_events IN SHARE MODE"), postgres.rollback
    else:
        with closing(sqlite3.connect(place, isolation_level=None)) as sqlite:
            yield lambda: sqlite.execute("BEGIN IMMEDIATE"), lambda: sqlite.execute("ROLLBACK")


def test_commands_that_wait_for_the_database_keep_no_read_waiting(place: Place) -> None:
    many = 45  # more than there are threads for requests
    with (
        running(place) as service,
        another_writer(place) as (takes_a_turn, lets_go),
        httpx.Client(base_url=service.url, timeout=30, limits=httpx.Limits(max_connections=many)) as client,
        ThreadPoolExecutor(many) as pool,
    ):
        service.done("alice", "CreateGroup", groupName="x")
        service.wait_for_views()
        takes_a_turn()
        sent = [pool.submit(post_one, client, f"user-{n}") for n in range(many)]
        wait_until(lambda: connections(service) >= many, "the commands to come in")
        for path in ("/readyz", "/metrics", "/v1/users/alice/groups", "/v1/users/alice/history"):
            assert service.client.get(path, timeout=4).status_code == 200
        assert [c.result().text for c in sent if c.done()] == []
        lets_go()
        assert [command.result().status_code for command in sent] == many * [200]


def post_one(client: httpx.Client, user: str) -> httpx.Response:
    return client.post(f"/v1/users/{user}/commands", json={"command": "CreateGroup", "groupName": "x"})


def connections(service: Service) -> int:
    """Count those to the service that stand."""
    port = f":{service.address[1]:04X}"
    established = "01"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(port) and line.split()[3] == established for line in lines)


def test_a_command_that_waited_too_long_is_not_done_and_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.writer.LONGEST_WAIT", 0.1)
    with (
        running(place) as service,
        another_writer(place) as (takes_a_turn, lets_go),
        ThreadPoolExecutor(3) as pool,
    ):
        service.done("alice", "CreateGroup", groupName="x")
        service.wait_for_views()
        takes_a_turn()
        sent = [pool.submit(post_one, service.client, "bob") for _ in range(3)]  # one user's commands take turns
        wait_until(lambda: sum(command.done() for command in sent) == 2, "those that wait to be given up", seconds=4)
        lets_go()
        answers = sorted((command.result() for command in sent), key=lambda answer: answer.status_code)
        assert answers[0].status_code == 200
        for late in answers[1:]:
            assert_problem(late, 503, "unavailable", 50005)
            assert late.headers["Retry-After"] == "1"
        assert service.read("bob", "groups")["revision"] == 1
        service.done("bob", "CreateGroup", groupName="y")
