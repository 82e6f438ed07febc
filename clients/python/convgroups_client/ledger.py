"""Once, not at least once: which revision of each user is handled, noted with the effect in the same transaction."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any, Final

from convgroups_client.errors import GapError, OtherLogError
from convgroups_client.events import BaseEvent
from convgroups_client.groups import UserGroups

_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS convgroups_handled (
        consumer TEXT NOT NULL, user_key TEXT NOT NULL, source TEXT NOT NULL, revision BIGINT NOT NULL,
        PRIMARY KEY (consumer, user_key))"""
_KNOWN: Final = "SELECT source, revision FROM convgroups_handled WHERE consumer = ? AND user_key = ?"
_FIRST: Final = """
    INSERT INTO convgroups_handled (consumer, user_key, source, revision) VALUES (?, ?, '', 0)
    ON CONFLICT (consumer, user_key) DO NOTHING"""
_NOTE: Final = """
    INSERT INTO convgroups_handled (consumer, user_key, source, revision) VALUES (?, ?, ?, ?)
    ON CONFLICT (consumer, user_key) DO UPDATE SET source = excluded.source, revision = excluded.revision"""


class Ledger:
    """Notes in the handler's own database what is handled; SQLite, or PostgreSQL with psycopg.

    `connect` opens a connection; each thread gets one. `consumer` tells the consumers of one database apart.
    """

    def __init__(self, connect: Callable[[], Any], consumer: str = "default") -> None:
        self._connect = connect
        self._consumer = consumer
        self._local = local()
        self._connections: list[Any] = []
        with self._transaction() as cursor:
            cursor.execute(_TABLE)

    @contextmanager
    def once(self, event: BaseEvent) -> Iterator[Any]:
        """Give a cursor for the event's effect, or None where the event is handled already: then do nothing.

        Behind the `with` the effect and the note of it are committed; after an exception neither is there. Raises
        `GapError` where an event before this one is not handled, and `OtherLogError`.
        """
        with self._transaction() as cursor:
            yield cursor if self._is_next(cursor, event) else None

    @contextmanager
    def begin(self, user: UserGroups) -> Iterator[Any]:
        """Give a cursor for taking over a user's groups: what is there of this user is to be replaced.

        None where as much or more is handled: another consumer has the partition by now, and is further.
        """
        with self._transaction() as cursor:
            _, revision = self._known(cursor, user.user)
            if 0 < user.revision <= revision:
                yield None
            else:
                self._note(cursor, user.user, "", user.revision)
                yield cursor

    def close(self) -> None:
        """Close the connections of all threads; no event may be at work any more."""
        while self._connections:
            self._connections.pop().close()
        self._local = local()

    def read(self) -> Any:
        """Give a connection of this thread, to ask what the handler made."""
        return self._connection()

    def _is_next(self, cursor: Any, event: BaseEvent) -> bool:
        source, revision = self._known(cursor, event.user)
        if source and source != event.place.source:
            raise OtherLogError(
                f"{event.user} was handled up to revision {revision} of {source}, and this is revision "
                f"{event.revision} of {event.place.source}: an older state of the service's database was put back. "
                "Begin anew for all users: empty what the handler made and this table, and use another group."
            )
        if event.revision <= revision:
            return False
        if event.revision > revision + 1:
            raise GapError(
                f"Revision {event.revision} of {event.user} came, and only {revision} is handled. Was the group's "
                "offset moved, or the table emptied? Begin anew with a group that has no offsets."
            )
        self._note(cursor, event.user, event.place.source, event.revision)
        return True

    def _known(self, cursor: Any, user: str) -> tuple[str, int]:
        """Give what is noted of a user, and lock it: who lost the partition, and does not know, waits here."""
        self._execute(cursor, _FIRST, self._consumer, user)
        known = _KNOWN if self._is_sqlite() else f"{_KNOWN} FOR UPDATE"
        source, revision = self._execute(cursor, known, self._consumer, user).fetchone()
        return str(source), int(revision)

    def _note(self, cursor: Any, user: str, source: str, revision: int) -> None:
        self._execute(cursor, _NOTE, self._consumer, user, source, revision)

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        connection = self._connection()
        try:
            cursor = connection.cursor()
            if self._is_sqlite():
                cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            connection.commit()
        except BaseException:
            self._undo(connection)
            raise

    def _undo(self, connection: Any) -> None:
        try:
            connection.rollback()
        except Exception:  # noqa: BLE001 - it is broken: the next event gets another one
            del self._local.connection

    def _connection(self) -> Any:
        if not hasattr(self._local, "connection"):
            connection = self._connect()
            if isinstance(connection, sqlite3.Connection):
                connection.isolation_level = None
                connection.execute("PRAGMA busy_timeout = 30000")
            self._local.connection = connection
            self._connections.append(connection)
        return self._local.connection

    def _is_sqlite(self) -> bool:
        return isinstance(self._connection(), sqlite3.Connection)

    def _execute(self, cursor: Any, statement: str, *values: object) -> Any:
        cursor.execute(statement if self._is_sqlite() else statement.replace("?", "%s"), values)
        return cursor
