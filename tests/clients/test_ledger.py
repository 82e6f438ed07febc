"""The ledger on SQLite and on PostgreSQL: an effect and the note of it, once, or neither."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest

from convgroups_client import Event, GapError, Ledger, OtherLogError, UserGroups
from convgroups_client.story import story

EVENTS = [event for event in story() if event.user_id == "ann"]


class Kept:
    """A ledger, and a table of effects beside it."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self.ledger = Ledger(connect)
        connection = connect()
        connection.execute("CREATE TABLE effects (revision INT)")
        connection.commit()
        connection.close()

    def handle(self, event: Event) -> bool:
        with self.ledger.once(event) as db:
            if db is not None:
                db.execute(f"INSERT INTO effects VALUES ({event.revision})")
            return db is not None

    def effects(self) -> list[int]:
        connection = self._connect()
        found = [row[0] for row in connection.execute("SELECT revision FROM effects ORDER BY revision").fetchall()]
        connection.close()
        return found


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "SQLite":
        made = Kept(lambda: sqlite3.connect(tmp_path / "kept.db", check_same_thread=False))
    else:
        url: str = request.getfixturevalue("postgres_url")
        made = Kept(lambda: psycopg.connect(url))
    yield made
    made.ledger.close()


def test_an_event_that_comes_again_is_seen_to_be(kept: Kept) -> None:
    assert [kept.handle(event) for event in [*EVENTS[:3], *EVENTS[:4]]] == [True] * 3 + [False] * 3 + [True]
    assert kept.effects() == [1, 2, 3, 4]


def test_an_effect_that_fails_leaves_neither_itself_nor_the_note(kept: Kept) -> None:
    def fail() -> None:
        with kept.ledger.once(EVENTS[0]) as db:
            db.execute("INSERT INTO effects VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert kept.effects() == []
    assert kept.handle(EVENTS[0])


def test_a_gap_and_another_log_are_said(kept: Kept) -> None:
    kept.handle(EVENTS[0])
    with pytest.raises(GapError, match="Revision 3 of 1400000000:ann came, and only 1 is handled"):
        kept.handle(EVENTS[2])
    other = EVENTS[1].model_copy(update={"place": EVENTS[1].place._replace(source="/conversation-groups/other")})
    with pytest.raises(OtherLogError, match="an older state of the service's database was put back"):
        kept.handle(other)
    assert kept.handle(EVENTS[1])


def test_it_goes_on_behind_the_groups_and_never_back(kept: Kept) -> None:
    groups = UserGroups(1400000000, "ann", 3, ())
    with kept.ledger.begin(groups) as db:
        assert db is not None
    assert [kept.handle(event) for event in EVENTS[1:5]] == [False, False, True, True]
    with kept.ledger.begin(groups) as db:  # by one that lost the partition, and does not know
        assert db is None
    assert kept.handle(EVENTS[5])


def test_those_who_handle_the_same_event_at_once_have_one_effect(kept: Kept) -> None:
    together = Barrier(8)

    def handle(event: Event) -> bool:
        kept.ledger.read()  # it is connected
        together.wait(10)
        return kept.handle(event)

    with ThreadPoolExecutor(8) as threads:
        for event in story()[:9]:  # the first three are the first of three users
            assert list(threads.map(handle, [event] * 8)).count(True) == 1
    assert kept.effects() == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_connection_that_broke_is_replaced(postgres_url: str) -> None:
    kept = Kept(lambda: psycopg.connect(postgres_url))
    kept.handle(EVENTS[0])
    with pytest.raises(psycopg.OperationalError), kept.ledger.once(EVENTS[1]) as db:
        db.connection.close()
    assert kept.handle(EVENTS[1])
    assert kept.effects() == [1, 2]
    kept.ledger.close()
