"""The log and the kept outcomes in PostgreSQL: one commit is one call of a function in the database."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from select import POLLIN, poll
from time import monotonic
from typing import Any, cast
from uuid import UUID

import psycopg
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import ConnectionPool, PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, Row, TupleRow, dict_row, tuple_row
from psycopg_pool import PoolClosed, PoolTimeout

from adapters.store.arrays import BigInts, Bytes, Texts, UUIDs, register_columns
from domain.ports import Kept, Key, Stale, Unavailable, Write
from domain.snapshot import VERSION
from domain.stored import Stored

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
"""At most, for each process: two of them write, the others answer reads and serve the followers."""

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
    # Every query finds its rows by an index, whatever the statistics say: a plan that was chosen while a table was
    # young, or is chosen anew in the middle of an ANALYZE, would read whole tables.
    b"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;"
    b"SET enable_mergejoin = off; SET jit = off;"
    # Who waits for the log's lock waits no longer than a caller would. Who was held up in the middle of a transaction
    # has let go of the row of its follower when its lease expires: another process is to take that over.
    b"SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '5s'"
)
"""What holds for each connection."""

RECORD = "SELECT * FROM record(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b)"

NEWER = """
SELECT known.stream, event.revision, event.topic, event.state
FROM unnest(%b::uuid[], %b::bigint[]) WITH ORDINALITY AS known (stream, revision, place)
CROSS JOIN LATERAL (
    SELECT originator_version AS revision, topic, state FROM stored_events
    WHERE originator_id = known.stream AND originator_version > known.revision) AS event
ORDER BY known.place, event.revision
"""

PRUNE = """
DELETE FROM kept_outcomes WHERE (stream, key) IN (
    SELECT stream, key FROM kept_outcomes WHERE kept_at >= %b AND kept_at <= %b
    ORDER BY kept_at LIMIT %b FOR UPDATE SKIP LOCKED)
RETURNING kept_at
"""

PRUNED_AT_ONCE = 500
"""How many expired outcomes leave in one transaction: a matter of milliseconds."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


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

    def __init__(self, url: str) -> None:
        super().__init__("", "", "", "", "")
        self.pool = ConnectionPool(
            make_conninfo(**{**NETWORK, **conninfo_to_dict(url)}),
            connection_class=Connection[DictRow],
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
            min_size=1,
            max_size=CONNECTIONS,
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


class PostgresRecorder(PostgresApplicationRecorder):
    """Writes events, and the outcomes kept for idempotency keys; implements `domain.ports.Recorder`."""

    datastore: Datastore

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        self._pruned = LONG_AGO
        """What was kept before that is gone: an index keeps its place for long, and it is not to be searched again."""

    def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds."""
        events, kept = write.events, write.kept
        arguments = (
            UUIDs(write.known),
            BigInts(write.known.values()),
            UUIDs([key.stream for key in write.keys]),
            Texts([key.key for key in write.keys]),
            UUIDs([one.key.stream for one in kept]),
            Texts([one.key.key for one in kept]),
            Bytes([one.command_hash for one in kept]),
            Bytes([one.outcome for one in kept]),
            kept[0].kept_at if kept else None,
            write.expired,
            UUIDs([event.stream for event in events]),
            BigInts([event.revision for event in events]),
            Texts([event.topic for event in events]),
            Bytes([event.value for event in events]),
        )
        with self.datastore.statement() as c:
            found = c.execute(RECORD, arguments).fetchall()
        return _stale(write, found) if found else None

    def newer(self, known: Mapping[UUID, int]) -> list[Stored]:
        """Read the events of these users that follow the revisions, in one query."""
        with self.datastore.statement() as c:
            return [Stored(*row) for row in c.execute(NEWER, (UUIDs(known), BigInts(known.values())))]

    def prune(self, expired: datetime) -> int:
        """Drop some of the outcomes that were kept at this moment or earlier."""
        with self.datastore.statement() as c:
            gone = c.execute(PRUNE, (self._pruned, expired, PRUNED_AT_ONCE)).fetchall()
        self._pruned = max((kept_at for (kept_at,) in gone), default=self._pruned)
        return len(gone)

    def snapshots(self, streams: Collection[UUID]) -> dict[UUID, bytes]:
        """Find the snapshots that were taken of these users."""
        with self.datastore.statement() as c:
            found = c.execute(
                "SELECT stream, state FROM snapshots WHERE stream = ANY(%s) AND version = %s", (list(streams), VERSION)
            )
            return dict(found.fetchall())

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Record events that were made by `eventsourcing`, which has no position to tell then."""
        events = [Stored(UUID(str(e.originator_id)), e.originator_version, e.topic, e.state) for e in stored_events]
        first = {event.stream: event.revision - 1 for event in reversed(events)}
        if self.record(Write(first, (), events, (), LONG_AGO)):
            raise IntegrityError("a revision follows the one before it, without a gap")


def _stale(write: Write, found: list[TupleRow]) -> Stale:
    heads = {stream: head for stream, head, key, *_ in found if key is None}
    names = {(key.stream, key.key): key for key in write.keys}
    used: dict[Key, Kept] = {}
    for stream, _, name, command_hash, outcome, kept_at in found:
        if name is not None:
            key = names[stream, name]
            used[key] = Kept(key, command_hash, outcome, kept_at)
            heads.setdefault(stream, write.known[stream])
    return Stale(heads, used)


class FunctionsRefused(Exception):  # noqa: N818 - an answer to whoever starts the service
    """The environment asks for the database functions of `eventsourcing`."""


class PostgresStore(PostgresFactory):
    """Makes the recorder; named to the service by its topic, `adapters.store.postgres:PostgresStore`."""

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        if self.datastore.enable_db_functions:
            raise FunctionsRefused(
                f"{self.POSTGRES_ENABLE_DB_FUNCTIONS} makes the library eventsourcing write around the log's lock, and "
                "followers would miss events: unset it."
            )
        self.datastore = Datastore(self.env[self.POSTGRES_DBNAME])

    def application_recorder(self) -> PostgresRecorder:
        """Make the recorder on tables that are there: migrations make them."""
        return PostgresRecorder(cast("Datastore", self.datastore))


def environment(url: str) -> dict[str, str]:
    """Name this store, for a database that has been migrated, to the service."""
    return {
        "PERSISTENCE_MODULE": "adapters.store.postgres:PostgresStore",
        "MAPPER_TOPIC": "adapters.store.mapper:EventMapper",
        "POSTGRES_DBNAME": url,
        **dict.fromkeys(("POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD"), ""),  # they are in the URL
        PostgresStore.POSTGRES_ENABLE_DB_FUNCTIONS: os.environ.get(PostgresStore.POSTGRES_ENABLE_DB_FUNCTIONS, ""),
    }
