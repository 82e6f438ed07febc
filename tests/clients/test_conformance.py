"""A good handler passes, and what is wrong with others is said."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from convgroups_client import ConversationsAdded, Event, Ledger, UnknownEvent
from convgroups_client.conformance import Finding, check


class Counting:
    """Counts joins in SQLite, with the ledger: as it should be."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "counts.db"
        self.ledger = Ledger(lambda: sqlite3.connect(self.file))
        self.ledger.read().execute("CREATE TABLE IF NOT EXISTS joins (user TEXT PRIMARY KEY, count INT)")

    def handle(self, event: Event) -> None:
        with self.ledger.once(event) as db:
            if db is not None:
                self.count(db, event)

    def count(self, db: Any, event: Event) -> None:
        if isinstance(event, ConversationsAdded):
            add = "INSERT INTO joins VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET count = count + excluded.count"
            db.execute(add, [event.user, len(event.conversation_ids)])

    def state(self) -> Any:
        return sorted(self.ledger.read().execute("SELECT * FROM joins").fetchall())


class Forgetful(Counting):
    """Counts whatever comes."""

    def handle(self, event: Event) -> None:
        with self.ledger.read() as db:
            self.count(db, event)


class TwoTransactions(Counting):
    """Notes what it did behind its effect, not with it."""

    def handle(self, event: Event) -> None:
        asked = "SELECT revision FROM convgroups_handled WHERE user_key = ?"
        row = self.ledger.read().execute(asked, [event.user]).fetchone()
        if row is None or row[0] < event.revision:
            self.count(self.ledger.read(), event)
            with self.ledger.once(event):
                pass


class InMemory:
    """Keeps everything in memory."""

    def __init__(self, _: Path) -> None:
        self.revisions: dict[str, int] = {}

    def handle(self, event: Event) -> None:
        if not isinstance(event, UnknownEvent) and event.revision > self.revisions.get(event.user, 0):
            self.revisions[event.user] = event.revision

    def state(self) -> Any:
        return self.revisions


class OneForAll(Counting):
    """Takes the revision for a number of all users."""

    def handle(self, event: Event) -> None:
        file = self.file.with_suffix(".json")
        last = json.loads(file.read_text()) if file.exists() else 0
        if event.revision >= last:
            super().handle(event)
            file.write_text(json.dumps(event.revision))


class Strict(Counting):
    """Knows every type there will ever be."""

    def handle(self, event: Event) -> None:
        if isinstance(event, UnknownEvent):
            raise TypeError(event.type)
        super().handle(event)


class Broken(Counting):
    """Does not work at all."""

    def handle(self, event: Event) -> None:
        raise RuntimeError("no such table")


def trials(findings: list[Finding]) -> set[str]:
    return {finding.trial for finding in findings}


def test_a_handler_with_a_ledger_gets_nothing_wrong() -> None:
    assert check(Counting) == []


@pytest.mark.parametrize(
    ("fresh", "expected"),
    [
        (Forgetful, {"doubles", "older offset", "restarts", "rebalance", "crashes"}),
        (TwoTransactions, {"crashes"}),
        (InMemory, {"restarts", "crashes"}),
        (OneForAll, {"other order"}),
        (Strict, {"new types"}),
        (Broken, {"plain"}),
    ],
)
def test_what_a_handler_gets_wrong_is_found(fresh: Any, expected: set[str]) -> None:
    found = check(fresh)
    assert expected <= trials(found), found
    assert not (fresh in (TwoTransactions, Strict, Broken) and trials(found) - expected), found


def test_it_says_in_words_what_is_wrong() -> None:
    [said] = [finding.what for finding in check(Forgetful) if finding.trial == "doubles"]
    assert said.startswith("An event that comes twice, as after a crash before its offset was committed, counts twice:")
    assert "it came to [('1400000000:ann', 10)" in said
    assert "and not to [('1400000000:ann', 5)" in said


@pytest.mark.parametrize(("name", "code"), [("Counting", 0), ("Strict", 1)])
def test_the_program_names_every_trial_and_ends_with_1_where_something_is_wrong(name: str, code: int) -> None:
    command = [sys.executable, "-m", "convgroups_client.conformance", f"tests.clients.test_conformance:{name}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == code, done.stderr
    marks = [line[0] for line in done.stdout.splitlines()]
    assert len(marks) == 8
    assert marks.count("✗") == code
