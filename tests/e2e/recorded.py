"""The log as it lies in the database, read with its driver alone."""

import json
import sqlite3
from contextlib import closing
from typing import Any, NamedTuple

import psycopg


class Recorded(NamedTuple):
    """One event of the log."""

    position: int
    type: str
    value: bytes
    event: dict[str, Any]


def read_log(database: str) -> list[Recorded]:
    """Read every event in the order of the positions, from the database of this URL."""
    rows = _in_postgres(database) if database.startswith("postgresql:") else _in_sqlite(database)
    return [Recorded(position, topic, bytes(state), json.loads(state)) for position, topic, state in rows]


def _in_postgres(url: str) -> list[tuple[int, str, bytes]]:
    """Positions have no gap there."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT notification_id, topic, state FROM stored_events ORDER BY 1").fetchall()
    assert [position for position, *_ in rows] == list(range(1, len(rows) + 1))
    return rows


def _in_sqlite(url: str) -> list[tuple[int, str, bytes]]:
    """The file is one that SQLite finds sound."""
    with closing(sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT rowid, topic, state FROM stored_events ORDER BY rowid").fetchall()
