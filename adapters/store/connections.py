"""A connection to PostgreSQL: what holds for each of them, and what is said when the server is away."""

from collections.abc import Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from time import monotonic
from typing import Any

import psycopg
from eventsourcing.persistence import IntegrityError
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import Row

from adapters.store.arrays import register_columns
from domain.ports import Unavailable

AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # this was the primary before a failover
)
"""What passes by itself, or with a connection to another server."""

LONGEST_SILENCE = 15.0
"""Seconds to wait for an answer: more than a lock is waited for. Then the connection is closed."""

NETWORK: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that vanished without a word is known to be away before its callers are; a URL may say otherwise."""

NAMED: dict[str, Any] = {"fallback_application_name": "convgroups"}
"""How the server lists the connection; a URL may say otherwise."""

ENCODED: dict[str, Any] = {"client_encoding": "utf8"}
"""What columns of text are sent in, whatever a URL says."""

SESSION = (
    # What was seen under the log's lock is what holds then, not when the transaction began.
    b"SET default_transaction_isolation = 'read committed';"
    # Every query finds its rows by an index, whatever the statistics say: a plan that was chosen while a table was
    # young, or is chosen anew in the middle of an ANALYZE, would read whole tables.
    b"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;"
    b"SET enable_mergejoin = off; SET jit = off;"
    # Who waits for the log's lock waits no longer than a caller would. Who was held up in the middle of a transaction
    # has let go of the row of its follower when its lease expires: another process is to take that over.
    b"SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '5s';"
    # The server looks for a client that vanished, too: by default after two hours. No other limit holds where it has
    # the log's lock already and waits for the rest of what that client began to say.
    b"SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    b"SET tcp_user_timeout = 10000"
)
"""What holds for each connection."""


OPTIONS: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0}
"""Each statement is a transaction of its own, and prepared when it comes first."""


class Connection(psycopg.Connection[Row]):
    """A connection that waits for no answer longer than a caller would, whatever happened to server and network."""

    def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Wait for what the server says."""
        try:
            return super().wait(_no_long_silence(gen), *arguments, **options)
        except _Silence:
            self.close()
            raise


class AsyncConnection(psycopg.AsyncConnection[Row]):
    """The same, to be awaited."""

    async def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Wait for what the server says."""
        try:
            return await super().wait(_no_long_silence(gen), *arguments, **options)
        except _Silence:
            await self.close()
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


def conninfo(url: str) -> str:
    """Give what the driver is to be told."""
    return make_conninfo(**{**NETWORK, **NAMED, **conninfo_to_dict(url), **ENCODED})


def configure(connection: psycopg.Connection[Any]) -> None:
    """Make a new connection ready."""
    connection.execute(SESSION, prepare=False)
    register_columns(connection)


async def configure_async(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make a new connection ready."""
    await connection.execute(SESSION, prepare=False)
    register_columns(connection)


def is_living(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> bool:
    """Tell, at no round trip, whether the server has not closed it: where it has there is something to read."""
    if connection.closed:
        return False
    ended = poll()  # unlike `select` it knows no highest number of a file
    ended.register(connection.fileno(), POLLIN)
    return not ended.poll(0)


@contextmanager
def failures_named() -> Iterator[None]:
    """Turn what the driver raises into what the ports do: whatever passes by itself is `Unavailable`."""
    try:
        yield
    except psycopg.IntegrityError as error:
        raise IntegrityError(f"{error.diag.constraint_name}: {error.diag.message_primary}") from error
    except (psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable) as error:
        found = in_a_line(error)
        raise Unavailable(f"The database cannot be used: {found}. Was another one put in its place?") from error
    except psycopg.Error as error:
        if not isinstance(error, AWAY) and not _is_unreadable(error):
            raise
        raise Unavailable(f"The database does not answer: {in_a_line(error)}") from error


def _is_unreadable(error: psycopg.Error) -> bool:
    """Tell whether libpq could not read what the server said: what was asked for may have been done."""
    return type(error) is psycopg.DatabaseError and error.sqlstate is None


def in_a_line(error: BaseException) -> str:
    """Give what the server says, or the driver, for the middle of a sentence: without hints, values and statements."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (said or str(error).strip()).partition("\n")[0].rstrip(".")
