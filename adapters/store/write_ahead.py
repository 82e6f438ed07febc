"""A thread that moves into an SQLite file what its write-ahead log holds, beside the commits."""

import sqlite3
from contextlib import AbstractContextManager, closing
from typing import Final, Self

import structlog

from adapters.background import Background

logger = structlog.get_logger("write-ahead")

EVERY: Final = 0.7
"""Seconds between two looks. Each page is moved once, however often it was written since."""

LARGE: Final = 4_000
"""Pages of 4 KiB in the log from which on commits wait for the last of them: only then does it begin anew."""

AT_MOST: Final = 65_536
"""Pages in the log from which on each commit moves them itself, as SQLite does by default from 1,000 on."""


class WriteAhead(Background):
    """Moves pages until it is told to stop.

    In a commit it would take as long as several commits do, and all commands would wait for it.
    """

    def __init__(self, uri: str, writers: AbstractContextManager[None]) -> None:
        super().__init__("write-ahead")
        self._uri = uri
        self._writers = writers

    def __enter__(self) -> Self:
        """Begin, with the file that now has this name: one that is put in its place is another log."""
        self._connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
        _move(self._connection)
        return super().__enter__()

    def run(self) -> None:
        """Move pages."""
        with closing(self._connection):
            while not self.over.wait(EVERY):
                try:
                    if _move(self._connection) > LARGE:
                        with self._writers:  # while they go on there is always a page more
                            _move(self._connection)
                except sqlite3.Error as error:  # a commit that fails alike tells whoever waits for it
                    logger.warning("the write-ahead log stays as it is for now", reason=str(error))


def _move(connection: sqlite3.Connection) -> int:
    """Move what no reader still needs where it is, and tell how many pages the log has."""
    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)
