"""What the views in the database of the log have in common."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import ClassVar

from psycopg.errors import LockNotAvailable

from adapters.store.datastore import Cursor, Datastore
from adapters.store.leases import Lease
from domain.ports import Entry, Unavailable

SHORT_WAIT = "SET LOCAL lock_timeout = '200ms'"
"""While a table waits to be emptied, all that would read it wait behind: rather it is tried again."""

LONGEST_CLEAR = 30.0
"""Seconds for which it is tried again."""


class PostgresTables:
    """Tables and a checkpoint, which move in one transaction, while the lease is held."""

    name: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]

    def __init__(self, datastore: Datastore, lease: Lease) -> None:
        self.datastore = datastore
        self.lease = lease

    def checkpoint(self) -> int:
        """Give the position of the last entry in the view, 0 before the first."""
        return self.lease.position()

    @contextmanager
    def moving(self, entries: Sequence[Entry]) -> Iterator[Cursor]:
        """Give a cursor in a transaction, with which the checkpoint moves behind these entries."""
        with self.datastore.writing() as c:
            self.lease.move(c, entries)
            yield c

    def clear(self) -> None:
        """Empty the view, to be built anew from the log. Reads stay right meanwhile: they apply what is newer."""
        given_up = monotonic() + LONGEST_CLEAR
        while True:
            try:
                with self.datastore.writing() as c:
                    c.execute(SHORT_WAIT)
                    self.lease.put_back(c)  # first: whoever moves the position has that row, and writes then
                    c.execute(f"TRUNCATE {', '.join(self.tables)}".encode())
                    return
            except Unavailable as held:
                if not isinstance(held.__cause__, LockNotAvailable) or monotonic() > given_up:
                    raise
            sleep(0.1)
