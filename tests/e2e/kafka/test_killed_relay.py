"""A relay is killed with SIGKILL between any two steps, or stopped and woken after another took over."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from adapters.kafka.settings import KafkaSettings
from adapters.settings import Settings
from adapters.stores import open_store_to_write
from domain.commands import AddConversations, CreateGroup, RenameGroup
from tests.contract.stores import submission
from tests.e2e.kafka.consumer import assert_every_event_is_there_once, positions
from tests.e2e.kafka.dying import BATCH, STEPS
from tests.e2e.kafka.test_groups_topic import groups, newest, revisions
from tests.e2e.service import eventually

ROOT = Path(__file__).parents[3]


class Relays:
    """Relays of one database, as processes."""

    def __init__(self, database: Path, settings: KafkaSettings) -> None:
        self._url = f"sqlite:///{database}"
        self._settings = settings
        self._stack = ExitStack()
        self.head = 0

    def grow(self, commands: int, users: int = 5) -> None:
        """Let users send so many commands, each of which records an event, or two."""
        with open_store_to_write(Settings(database_url=self._url)) as store:
            many = []
            for number in range(commands):
                user, turn = f"user-{number % users}", number // users
                if self.head == turn == 0:
                    many.append(submission(CreateGroup(group_name="One", conversation_ids=("C2Ca",)), user))
                elif turn % 2:
                    many.append(submission(RenameGroup(group_id=1, new_name=f"turn {self.head} {turn}"), user))
                else:
                    ids = (f"C2C{self.head}-{number}",)
                    many.append(submission(AddConversations(group_id=1, conversation_ids=ids), user))
            store.groups.handle(many)
            self.head = store.log.head()

    def start(self, step: str = "never", number: int = 0) -> "subprocess.Popen[str]":
        arguments = [self._url, self._settings.bootstrap_servers, self._settings.topic_prefix, step, str(number)]
        command = [sys.executable, "-m", "tests.e2e.kafka.dying", *arguments]
        started = self._stack.enter_context(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True))
        self._stack.callback(started.kill)
        return started

    def finish(self) -> None:
        """Let one publish the rest."""
        ended = self.start()
        _, errors = ended.communicate(timeout=60)
        assert ended.returncode == 0, errors

    def assert_all_is_there_once(self) -> None:
        assert_every_event_is_there_once(self._settings.bootstrap_servers, self._settings.events_topic, self.head)
        found = revisions(newest(groups(self._settings)))
        assert sum(found.values()) == self.head

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def relays(tmp_path: Path, settings: KafkaSettings) -> Iterator[Relays]:
    made = Relays(tmp_path / "log.db", settings)
    yield made
    made.close()


def test_killed_between_any_two_steps_it_publishes_every_event_once(relays: Relays) -> None:
    relays.grow(3 * BATCH)
    relays.finish()
    for step in STEPS:
        relays.grow(3 * BATCH)
        killed = relays.start(step, signal.SIGKILL)
        killed.wait(60)
        assert killed.returncode == -signal.SIGKILL, step
    relays.finish()
    relays.assert_all_is_there_once()


@pytest.mark.proof
def test_killed_at_any_moment_it_publishes_every_event_once(relays: Relays) -> None:
    """A relay that is killed at 100 random moments publishes every event once and in order."""
    random = Random(6)
    for _ in range(100):
        relays.grow(10 * BATCH)
        running = relays.start()
        try:
            running.wait(random.uniform(0.5, 3.0))
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
    relays.finish()
    relays.assert_all_is_there_once()


@pytest.mark.parametrize("step", ["begun", "on their way", "written", "commit asked for"])
def test_one_that_wakes_after_another_took_over_publishes_nothing_more(
    relays: Relays, settings: KafkaSettings, step: str
) -> None:
    relays.grow(4 * BATCH)
    zombie = relays.start(step, signal.SIGSTOP)
    eventually(lambda: _is_stopped(zombie.pid), "it stands still")
    relays.finish()
    before = positions(settings.bootstrap_servers, settings.topic_prefix)
    os.kill(zombie.pid, signal.SIGCONT)
    _, errors = zombie.communicate(timeout=60)
    assert zombie.returncode == 1
    assert "another relay has taken over" in errors
    assert positions(settings.bootstrap_servers, settings.topic_prefix) == before
    relays.assert_all_is_there_once()


def test_one_that_stands_still_longer_than_its_transaction_may_take_begins_it_anew(
    relays: Relays, settings: KafkaSettings
) -> None:
    relays.grow(4 * BATCH)
    held_up = relays.start("written", signal.SIGSTOP)
    eventually(lambda: _is_stopped(held_up.pid), "it stands still")
    begin = monotonic()
    # What is read waits for the transaction, and no longer than that may take.
    eventually(lambda: len(positions(settings.bootstrap_servers, settings.topic_prefix)) == BATCH, "it is given up", 60)
    assert monotonic() - begin < 30
    os.kill(held_up.pid, signal.SIGCONT)
    _, errors = held_up.communicate(timeout=60)
    assert held_up.returncode == 1
    assert "Unavailable" in errors
    relays.finish()
    relays.assert_all_is_there_once()


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
