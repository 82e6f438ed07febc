"""The log and the kept outcomes in one SQLite file: `eventsourcing`'s recorder, made durable and gap-free."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from eventsourcing.persistence import ConnectionPoolClosedError, IntegrityError, InterfaceError, OperationalError
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
)

from adapters.store.entries import Row, every_entry, readable_entries
from adapters.store.turns import FirstCome
from adapters.store.write_ahead import AT_MOST
from domain.ports import Entry, History, Kept, Key, Stale, Unavailable, Write
from domain.snapshot import VERSION
from domain.stored import Stored

INSERT = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)"

KEEP, KEEP_ANEW = (f"{how} INTO kept_outcomes VALUES (?, ?, ?, ?, ?, ?)" for how in ("INSERT", "INSERT OR REPLACE"))

PRUNED_AT_ONCE = 500
"""How many expired outcomes leave in one transaction: a matter of milliseconds."""

_text = lru_cache(maxsize=16)(datetime.isoformat)
"""A moment, which all outcomes of a commit have in common."""


class Pool(SQLiteConnectionPool):
    """Connections whose commits wait for the disk (`FULL`), and so survive a loss of power, or do not (`NORMAL`)."""

    synchronous: Literal["FULL", "NORMAL"] = "FULL"

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        for setting in (f"synchronous={self.synchronous}", f"wal_autocheckpoint={AT_MOST}"):
            connection.cursor().execute(f"PRAGMA {setting}")
        return connection


class OneWriterDatastore(SQLiteDatastore):
    """Write transactions of this process take turns, in the order they were asked for.

    `file` is there, and stays the one that it was: what is committed to a file that was deleted meanwhile is lost, and
    one that was put in its place is another log.
    """

    def __init__(self, file: Path) -> None:
        self.uri = f"{file.absolute().as_uri()}?mode=rw"  # a connection never makes the file
        super().__init__(self.uri)
        self.pool: Pool = Pool(db_name=self.uri)
        self._file = file
        self._identity = _identity(file)
        self.writers = FirstCome()
        """Held by whoever writes."""

    def for_views(self) -> Self:
        """Give the same file for what can be built anew from the log: there no commit needs to wait for the disk.

        A view can be set back by a loss of power, never ahead of the log: what the log commits later takes along to the
        disk all that was written before.
        """
        other = type(self)(self._file)
        other._identity = self._identity  # noqa: SLF001
        other.pool.synchronous = "NORMAL"
        other.writers = self.writers  # one file, one queue of writers
        return other

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Give a cursor in a transaction; raises `Unavailable` where the database does not answer."""
        if _identity(self._file) != self._identity:
            raise Unavailable(
                f"The database {self._file} was deleted or replaced while it was in use. Stop the service, put the "
                "right file there, and start it again"
            )
        try:
            with self.writers if commit else nullcontext(), self.get_connection(commit=commit) as connection:
                cursor = connection.cursor()
                # Who writes says so at once: what begins by reading, and finds another writer later, is refused then.
                cursor.execute("BEGIN IMMEDIATE" if commit else "BEGIN")
                try:
                    yield cursor
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
        except sqlite3.IntegrityError as error:
            raise IntegrityError(str(error)) from error
        except (OperationalError, InterfaceError, ConnectionPoolClosedError, sqlite3.OperationalError) as error:
            raise Unavailable(f"The database does not answer: {error}") from error

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:  # noqa: ARG002 - see below
        """Give a connection; for a commit, too, without the pool's lock for writers.

        Writers take turns already, and the pool keeps its lock for ever where making a connection fails.
        """
        connection = self.pool.get_connection()
        try:
            yield connection
        finally:
            self.pool.put_connection(connection)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class SQLiteRecorder(SQLiteApplicationRecorder):
    """Writes events, and the outcomes kept for idempotency keys; implements `domain.ports.Recorder`."""

    datastore: OneWriterDatastore

    def __init__(self, datastore: OneWriterDatastore, events_table_name: str = "stored_events") -> None:
        super().__init__(datastore, events_table_name)
        # The table has a position of its own: a bare rowid may be renumbered by VACUUM.
        self.insert_events_statement = INSERT

    def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds."""
        # Inserting shows of most users and keys whether what was decided on holds; if not, all are looked at.
        streams = write.known.keys() - {stored.stream for stored in write.events}
        keys = () if len(write.kept) == len(write.keys) else set(write.keys) - {one.key for one in write.kept}
        try:
            return self._record(write, KEEP, streams, keys)
        except IntegrityError:
            return self._record(write, KEEP_ANEW, write.known, write.keys)

    def _record(self, write: Write, keep: str, streams: Collection[UUID], keys: Collection[Key]) -> Stale | None:
        with self.datastore.transaction(commit=True) as c:
            if _stale(c, write, streams, keys):
                return _stale(c, write, write.known, write.keys)
            c.executemany(keep, [(*k.key, k.command_hash, k.outcome, _text(k.kept_at)) for k in write.kept])
            c.executemany(INSERT, [(stored.stream.hex, *stored[1:]) for stored in write.events])
        return None

    def newer(self, known: Mapping[UUID, int]) -> list[Stored]:
        """Read the events of these users that follow the revisions."""
        with self.datastore.transaction(commit=False) as c:
            return [stored for stream, revision in known.items() for _, stored in _of_user(c, stream, revision)]

    def prune(self, expired: datetime) -> int:
        """Drop some of the outcomes that were kept at this moment or earlier."""
        with self.datastore.transaction(commit=True) as c:
            c.execute(
                "DELETE FROM kept_outcomes WHERE rowid IN "
                "(SELECT rowid FROM kept_outcomes WHERE kept_at <= ? ORDER BY kept_at LIMIT ?)",
                (_text(expired), PRUNED_AT_ONCE),
            )
            c.execute("SELECT changes()")
            pruned: int = c.fetchone()[0]
        return pruned

    def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users."""
        snapshots: dict[UUID, bytes] = {}
        events: list[Stored] = []
        with self.datastore.transaction(commit=False) as c:
            for stream in streams:
                after = 0
                c.execute(
                    "SELECT revision, state FROM snapshots WHERE stream = ? AND version = ?", (stream.hex, VERSION)
                )
                if taken := c.fetchone():
                    after, snapshots[stream] = taken
                events += [stored for _, stored in _of_user(c, stream, after)]
        return History(snapshots, events)


def _stale(c: SQLiteCursor, write: Write, streams: Collection[UUID], keys: Collection[Key]) -> Stale | None:
    heads = {stream: _head(c, stream) for stream in streams}
    moved = {stream: head for stream, head in heads.items() if head != write.known[stream]}
    used: dict[Key, Kept] = {}
    for key in keys:
        c.execute(
            "SELECT command_hash, outcome, kept_at FROM kept_outcomes "
            "WHERE sdk_app_id = ? AND user_id = ? AND key = ? AND kept_at > ?",
            (*key, _text(write.expired)),
        )
        for command_hash, outcome, kept_at in c.fetchall():
            used[key] = Kept(key, command_hash, outcome, datetime.fromisoformat(kept_at))
            moved.setdefault(key.stream, write.known[key.stream])
    return Stale(moved, used) if moved else None


def _head(c: SQLiteCursor, stream: UUID) -> int:
    c.execute("SELECT MAX(originator_version) FROM stored_events WHERE originator_id = ?", (stream.hex,))
    return c.fetchone()[0] or 0


def _of_user(c: SQLiteCursor, stream: UUID, after: int, limit: int | None = None) -> list[Row]:
    c.execute(
        "SELECT rowid, originator_version, topic, state FROM stored_events "
        "WHERE originator_id = ? AND originator_version > ? ORDER BY originator_version LIMIT ?",
        (stream.hex, after, -1 if limit is None else limit),
    )
    return [(position, Stored(stream, revision, topic, value)) for position, revision, topic, value in c.fetchall()]


class SQLiteStore(SQLiteFactory):
    """Makes the recorder; named to the service by its topic, `adapters.store.sqlite:SQLiteStore`."""

    application_recorder_class = SQLiteRecorder  # type: ignore[assignment]  # made with our datastore alone

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.datastore = OneWriterDatastore(Path(self.env.get(self.SQLITE_DBNAME) or ""))


def environment(database: Path) -> dict[str, str]:
    """Name this store, for a database that has been migrated, to the service."""
    return {
        "PERSISTENCE_MODULE": "adapters.store.sqlite:SQLiteStore",
        "MAPPER_TOPIC": "adapters.store.mapper:EventMapper",
        "SQLITE_DBNAME": str(database),
        "CREATE_TABLE": "n",
    }


class SQLiteLog:
    """Reads the log: implements `domain.ports.EventLog`."""

    def __init__(self, datastore: SQLiteDatastore) -> None:
        self._datastore = datastore

    def log_id(self) -> UUID:
        """Tell which log this is."""
        with self._datastore.transaction(commit=False) as c:
            c.execute("SELECT id FROM log")
            return UUID(c.fetchone()["id"])

    def renew_log_id(self) -> UUID:
        """Make this another log for all who hold positions in it: for the operator, after a backup was restored."""
        log_id = uuid4()
        with self._datastore.transaction(commit=True) as c:
            c.execute("UPDATE log SET id = ?", (str(log_id),))
        return log_id

    def head(self) -> int:
        """Give the newest position, 0 for an empty log."""
        with self._datastore.transaction(commit=False) as c:
            c.execute("SELECT MAX(rowid) FROM stored_events")
            return c.fetchone()[0] or 0

    def revision(self, stream: UUID) -> int:
        """Give one user's newest revision."""
        with self._datastore.transaction(commit=False) as c:
            return _head(c, stream)

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Read at most `limit` entries that follow the position `after`."""
        with self._datastore.transaction(commit=False) as c:
            c.execute(
                "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events "
                "WHERE rowid > ? ORDER BY rowid LIMIT ?",
                (after, limit),
            )
            rows = c.fetchall()
        return readable_entries((position, Stored(UUID(stream), *rest)) for position, stream, *rest in rows)

    def read_user(self, stream: UUID, after: int, limit: int | None = None) -> Sequence[Entry]:
        """Read one user's entries that follow the revision `after`."""
        with self._datastore.transaction(commit=False) as c:
            rows = _of_user(c, stream, after, limit)
        return every_entry(rows)
