"""The log as it lies in the database file, read with sqlite3 alone."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple


class Recorded(NamedTuple):
    """One event of the log."""

    position: int
    type: str
    value: bytes
    event: dict[str, Any]


def read_log(database: Path) -> list[Recorded]:
    """Read every event in the order of the positions, from a file that SQLite finds sound."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT rowid, topic, state FROM stored_events ORDER BY rowid").fetchall()
    return [Recorded(position, topic, bytes(state), json.loads(state)) for position, topic, state in rows]
