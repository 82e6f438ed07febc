"""Bare `eventsourcing` on SQLite: it switches WAL on itself, and synchronous FULL is its default."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.peers.eventsourcing_app import Driver, Service

FILE = Path(os.environ["BENCH_FOLDER"], "eventsourcing.db")


def open_app(callers: int) -> Service:
    """Open the application."""
    return Service({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(FILE)})


class SQLiteDriver(Driver):
    """Counts in the file: the application's own counter is the largest rowid."""

    def check(self) -> dict[str, Any]:
        with closing(sqlite3.connect(FILE)) as db:
            events, size = db.execute("SELECT count(*), max(length(state)) FROM stored_events").fetchone()
        return {"events": events, "bytes": size}


if __name__ == "__main__":
    SQLiteDriver(open_app).answer()
