"""Reads the log in PostgreSQL: implements `domain.ports.EventLog`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from adapters.store.datastore import Datastore
from adapters.store.entries import Row, every_entry, readable_entries
from domain.ports import Entry
from domain.stored import Stored

EVENT = "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events "


class PostgresLog:
    """Reads the log: implements `domain.ports.EventLog`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def log_id(self) -> UUID:
        """Tell which log this is."""
        log_id: UUID = self._one("SELECT id FROM log")
        return log_id

    def renew_log_id(self) -> UUID:
        """Make this another log for all who hold positions in it: for the operator, after a backup was restored."""
        log_id = uuid4()
        with self._datastore.statement() as c:
            c.execute("UPDATE log SET id = %s", (log_id,))
        return log_id

    def head(self) -> int:
        """Give the newest position, 0 for an empty log."""
        return self._one("SELECT max(notification_id) FROM stored_events") or 0

    def revision(self, stream: UUID) -> int:
        """Give one user's newest revision."""
        return self._one("SELECT max(originator_version) FROM stored_events WHERE originator_id = %s", stream) or 0

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Read at most `limit` entries that follow the position `after`."""
        return readable_entries(
            self._rows(EVENT + "WHERE notification_id > %s ORDER BY notification_id LIMIT %s", after, limit)
        )

    def read_user(self, stream: UUID, after: int, limit: int | None = None) -> Sequence[Entry]:
        """Read one user's entries that follow the revision `after`."""
        which = "WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version LIMIT %s"
        return every_entry(self._rows(EVENT + which, stream, after, limit))

    def _one(self, query: Any, *parameters: object) -> Any:
        with self._datastore.statement() as c:
            row = c.execute(query, parameters).fetchone()
        return row[0] if row else None

    def _rows(self, query: Any, *parameters: object) -> list[Row]:
        with self._datastore.statement() as c:
            return [(position, Stored(*stored)) for position, *stored in c.execute(query, parameters).fetchall()]
