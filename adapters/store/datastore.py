"""Connections to PostgreSQL: what holds for each of them, and what is said when the server is away."""

from collections.abc import Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from time import monotonic
from typing import Any

import psycopg
from eventsourcing.persistence import IntegrityError
from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, Row, TupleRow, dict_row, tuple_row
from psycopg_pool import PoolClosed, PoolTimeout

from adapters.store.arrays import register_columns
from domain.ports import Unavailable

Cursor = psycopg.Cursor[TupleRow]

AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # this was the primary before a failover
    PoolTimeout,
    PoolClosed,
)
"""What passes by itself, or with a connection to another server."""

CONNECTIONS = 12
"""At most, for each process and what answers reads and keeps the views: a lock on one of those may take them all."""

WRITERS = 4
"""At most, for each process and what records commands and renews leases: nothing else takes these."""

PATIENCE = 5.0
"""Seconds to wait for a connection before the database is called away."""

LONGEST_SILENCE = 15.0
"""Seconds to wait for an answer: more than a lock is waited for. Then the connection is closed."""

RECONNECT = 2.0
"""Seconds for which the pool itself tries again to connect, with longer and longer pauses; then whoever asks begins."""

NETWORK: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that vanished without a word is known to be away before its callers are; a URL may say otherwise."""

SESSION = (
    # What was seen under the log's lock is what holds then, not when the transaction began.
    b"SET default_transaction_isolation = 'read committed';"
    # Every query finds its rows by an index, whatever the statistics say: a plan that was chosen while a table was
    # young, or is chosen anew in the middle of an ANALYZE, would read whole tables.
    b"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;"
    b"SET enable_mergejoin = off; SET jit = off;"
    # Who waits for the log's lock waits no longer than a caller would. Who was held up in the middle of a transaction
    # has let go of the row of its follower when its lease expires: another process is to take that over.
    b"SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '5s'"
)
"""What holds for each connection."""


class Connection(psycopg.Connection[Row]):
    """A connection that waits for no answer longer than a caller would, whatever happened to server and network."""

    def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Wait for what the server says."""
        try:
            return super().wait(_no_long_silence(gen), *arguments, **options)
        except _Silence:
            self.close()
            raise


class _Silence(psycopg.OperationalError):
    """Nothing was heard."""


def _no_long_silence(gen: PQGen[Any]) -> PQGen[Any]:
    heard = monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready:
                heard = monotonic()
            elif monotonic() > heard + LONGEST_SILENCE:
                raise _Silence(f"nothing was heard for {LONGEST_SILENCE:.0f} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value


class Datastore(PostgresDatastore):
    """Connections to one database; whatever passes by itself is `Unavailable`."""

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        super().__init__("", "", "", "", "")
        self.pool = ConnectionPool(
            make_conninfo(**{**NETWORK, **conninfo_to_dict(url)}),
            connection_class=Connection[DictRow],
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
            min_size=1,
            max_size=connections,
            timeout=PATIENCE,
            reconnect_timeout=RECONNECT,
            configure=_configure,
            open=True,
        )

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """Give a connection of which each statement is a transaction of its own."""
        try:
            connection = self._living()
            try:
                with connection:
                    yield connection
            finally:
                self.pool.putconn(connection)
        except psycopg.IntegrityError as error:
            raise IntegrityError(f"{error.diag.constraint_name}: {error.diag.message_primary}") from error
        except (psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable) as error:
            found = error.diag.message_primary
            raise Unavailable(f"The database cannot be used: {found}. Was another one put in its place?") from error
        except AWAY as error:
            raise Unavailable(f"The database does not answer: {str(error).strip()}") from error

    def _living(self) -> psycopg.Connection[DictRow]:
        """Take a connection that the server has not closed, at no round trip: where it has there is something to read.

        The pool's own `check` puts such a connection back, as it looks sound until it is used, and pauses after each.
        """
        while True:
            connection = self.pool.getconn()
            if not connection.closed:
                ended = poll()  # unlike `select` it knows no highest number of a file
                ended.register(connection.fileno(), POLLIN)
                if not ended.poll(0):
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


def _configure(connection: psycopg.Connection[Any]) -> None:
    connection.execute(SESSION, prepare=False)
    register_columns(connection)
