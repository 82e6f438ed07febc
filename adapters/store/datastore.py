"""The connections of one process to one PostgreSQL database, for whoever waits in a thread."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from psycopg.rows import DictRow, TupleRow, dict_row, tuple_row

from adapters.store.connections import OPTIONS, Connection, configure, conninfo, failures_named, is_living

Cursor = psycopg.Cursor[TupleRow]

CONNECTIONS = 12
"""At most, for each process and what answers reads and keeps the views: a lock on one of those may take them all."""

WRITERS = 4
"""At most, for each process and what renews leases and prunes: no view and no answer to a read takes these."""

PATIENCE = 5.0
"""Seconds to wait for a connection before the database is called away."""

RECONNECT = 2.0
"""Seconds for which the pool itself tries again to connect, with longer and longer pauses; then whoever asks begins."""


class Datastore(PostgresDatastore):
    """Connections to one database; whatever passes by itself is `Unavailable`."""

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        super().__init__("", "", "", "", "")
        self.pool = ConnectionPool(
            conninfo(url),
            connection_class=Connection[DictRow],
            kwargs={**OPTIONS, "row_factory": dict_row},
            min_size=1,
            max_size=connections,
            timeout=PATIENCE,
            reconnect_timeout=RECONNECT,
            configure=configure,
            open=True,
        )

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """Give a connection of which each statement is a transaction of its own."""
        with failures_named():
            connection = self._living()
            try:
                with connection:
                    yield connection
            finally:
                self.pool.putconn(connection)

    def _living(self) -> psycopg.Connection[DictRow]:
        """Take a connection that the server has not closed.

        The pool's own `check` puts such a connection back, as it looks sound until it is used, and pauses after each.
        """
        while True:
            connection = self.pool.getconn()
            if is_living(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)

    def register_type_adapters(self) -> None:
        """Ask for no types of the library: arrays do."""

    @contextmanager
    def statement(self) -> Iterator[Cursor]:
        """Give a cursor of which each statement is a transaction of its own."""
        with self.get_connection() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[Cursor]:
        """Give a cursor in a transaction, which is committed at the end."""
        with (
            self.get_connection() as connection,
            connection.transaction(),
            connection.cursor(binary=True, row_factory=tuple_row) as cursor,
        ):
            yield cursor
