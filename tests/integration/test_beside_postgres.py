"""What may be done to PostgreSQL while a service runs on it: views are built anew, and commands sent past it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import psycopg
import pytest

from adapters.pruning import Pruning
from domain.commands import CreateGroup, RenameGroup
from tests.contract.stores import submission
from tests.integration.command_line import Run
from tests.integration.service import Service, running, wait_until
from tests.integration.test_current_reads import a_life, everything


@pytest.fixture
def beside(postgres_url: str, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[Service]:
    """Give a service that follows, and lead the command line to its database."""
    monkeypatch.setenv("CONVGROUPS_DATABASE_URL", postgres_url)
    with running(postgres_url) as service:
        for user in ("alice", "bob"):
            a_life(service, user)
        service.store.groups.handle([submission(CreateGroup(group_name="x"), "carol")])
        turns = [RenameGroup(group_id=1, new_name=f"turn {n}") for n in range(60)]
        service.store.groups.handle([submission(turn, "carol") for turn in turns])
        service.wait_for_views()
        yield service


def rows(service: Service, url: str) -> list[int]:
    tables = ("group_lists_users", "group_lists_groups", "group_lists_memberships", "history", "snapshots")
    with psycopg.connect(url) as connection:
        found = [connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in tables]
    return [count[0] for count in found if count]


@pytest.mark.parametrize("view", ["group-lists", "history", "snapshots", "all"])
def test_a_view_is_built_anew_while_a_service_has_nothing_to_do(
    beside: Service, run: Run, postgres_url: str, view: str
) -> None:
    before, counts = everything(beside, "alice"), rows(beside, postgres_url)
    ended = run("rebuild", view, "--json")
    assert ended.code == 0, ended
    names = ["group-lists", "history", "snapshots"] if view == "all" else [view]
    assert ended.json == {"views": [{"view": name, "position": f"{beside.head():020}"} for name in names]}
    beside.wait_for_views()
    assert (everything(beside, "alice"), rows(beside, postgres_url)) == (before, counts)
    beside.done("bob", "CreateGroup", groupName="late")
    beside.wait_for_views()
    assert beside.client.get("/readyz").status_code == 200


def test_views_are_built_anew_while_a_service_writes_and_follows(beside: Service, run: Run, postgres_url: str) -> None:
    over = Event()

    def write() -> int:
        count = 0
        while not over.is_set():
            count += 1
            beside.done("alice", "RenameGroup", groupID=1, newName=f"turn {count}")
            assert beside.names("alice")[-1] == f"turn {count}"
        return count

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for _ in range(3):
                ended = run("rebuild", "all")
                assert ended.code == 0, ended
        finally:
            over.set()
        assert writing.result(30) > 0
    beside.wait_for_views()
    before, counts = everything(beside, "alice"), rows(beside, postgres_url)
    assert run("rebuild", "all").code == 0
    beside.wait_for_views()
    assert (everything(beside, "alice"), rows(beside, postgres_url)) == (before, counts)
    assert [thread.stopped_by for thread in beside.threads] == 3 * [None]


def test_a_command_sent_past_the_service_is_answered_by_it_at_once(beside: Service, run: Run) -> None:
    assert run("send", "alice", "create-group", "past", "--key", "k").code == 0
    assert beside.names("alice")[-1] == "past"
    beside.done("alice", "DeleteGroup", groupName="past")
    assert run("send", "alice", "create-group", "past", "--key", "k").code == 0
    assert "past" not in beside.names("alice")
    beside.wait_for_views()


def test_expired_outcomes_leave_while_commands_run(beside: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.pruning.EVERY", 0.001)
    groups, later = beside.store.groups, timedelta(days=8)
    old = [submission(CreateGroup(group_name="x"), f"user-{n}", "k") for n in range(1200)]
    groups.handle(old)
    clock, groups._clock = groups._clock, lambda: clock() + later
    with Pruning(groups.prune), ThreadPoolExecutor(1) as pool:
        sent = pool.submit(
            lambda: [groups.handle([submission(CreateGroup(group_name="y"), f"user-{n}", "l")]) for n in range(100)]
        )
        assert all(not reply.replayed for [reply] in sent.result(30))
        wait_until(lambda: groups.prune() == 0, "all that expired to leave")
    assert [reply.replayed for reply in groups.handle([submission(CreateGroup(group_name="y"), "user-7", "l")])] == [
        True
    ]
    assert [reply.replayed for reply in groups.handle([old[7]])] == [False]
