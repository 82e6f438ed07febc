"""Consumers are killed at the worst moments: with a ledger every effect happens once, and in order."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.kafka.settings import KafkaSettings
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.kit.conftest import each_once_in_order, publish
from tests.e2e.kafka.log import MemoryLog
from tests.e2e.service import eventually

ROOT = Path(__file__).parents[4]

PROGRAM = """
import os, signal, sqlite3, sys
from convgroups_client import Consumer, Ledger

servers, prefix, database, die_at, where = sys.argv[1:]
ledger = Ledger(lambda: sqlite3.connect(database))
handled = 0

def die() -> None:
    if 0 < int(die_at) <= handled:
        os.kill(os.getpid(), signal.SIGKILL)

def handle(event):
    global handled
    with ledger.once(event) as db:
        if db is not None:
            handled += 1
            db.execute("INSERT INTO effects (user, revision) VALUES (?, ?)", [event.user_id, event.revision])
            if where == "before": die()
    if where == "behind": die()

options = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 500}
Consumer(servers, "group", handle, prefix=prefix, workers=4, consumer_options=options).run()
"""


class Consumers:
    """Processes of one group, with one database."""

    def __init__(self, settings: KafkaSettings, folder: Path) -> None:
        self._settings = settings
        self._database = folder / "effects.db"
        self._stack = ExitStack()
        with closing(sqlite3.connect(self._database)) as db:
            db.execute("CREATE TABLE effects (number INTEGER PRIMARY KEY, user TEXT, revision INT)")

    def start(self, die_at: int = 0, where: str = "before") -> subprocess.Popen[bytes]:
        arguments = (self._settings.bootstrap_servers, self._settings.topic_prefix, self._database, die_at, where)
        command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
        process = self._stack.enter_context(subprocess.Popen(command, cwd=ROOT))
        self._stack.callback(process.kill)
        return process

    def effects(self) -> dict[str, list[int]]:
        with closing(sqlite3.connect(self._database)) as db:
            rows = db.execute("SELECT user, revision FROM effects ORDER BY number").fetchall()
        found: dict[str, list[int]] = {}
        for user, revision in rows:
            found.setdefault(user, []).append(revision)
        return found

    def wait_for(self, log: MemoryLog) -> None:
        expected = each_once_in_order(log)
        count = len(log.entries)
        eventually(lambda: sum(map(len, self.effects().values())) >= count, "all effects are there")
        assert self.effects() == expected

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def consumers(settings: KafkaSettings, tmp_path: Path) -> Iterator[Consumers]:
    made = Consumers(settings, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("where", ["before", "behind"])
def test_killed_before_or_behind_its_effect_a_consumer_has_each_effect_once(
    new_relay: NewRelay, consumers: Consumers, log: MemoryLog, where: str
) -> None:
    log.grow(400, users=8)
    publish(new_relay(), log)
    for die_at in (1, 77):
        consumers.start(die_at, where).wait(60)
    consumers.start()
    consumers.wait_for(log)


def test_one_of_two_is_killed_under_load_and_the_other_takes_its_users_over(
    new_relay: NewRelay, consumers: Consumers, log: MemoryLog
) -> None:
    relay = new_relay()
    log.grow(600, users=12)
    publish(relay, log)
    consumers.start()
    killed = consumers.start(die_at=60, where="behind")
    log.grow(600, users=12)
    publish(relay, log, batch=40)
    killed.wait(60)
    log.grow(600, users=12)
    publish(relay, log, batch=40)
    consumers.wait_for(log)
