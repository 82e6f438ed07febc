"""The log and the kept outcomes in PostgreSQL, for whoever waits in a thread."""

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresFactory
from eventsourcing.utils import Environment

from adapters.store.datastore import WRITERS, Datastore
from adapters.store.postgres_statements import (
    HISTORY,
    NEWER,
    RECORD,
    history,
    history_arguments,
    newer_arguments,
    newer_events,
    record_arguments,
    stale,
)
from domain.groups import BEFORE_ALL
from domain.ports import History, Stale, Write
from domain.stored import Stored

PRUNE = """
DELETE FROM kept_outcomes WHERE (stream, key) IN (
    SELECT stream, key FROM kept_outcomes WHERE kept_at >= %b AND kept_at <= %b
    ORDER BY kept_at LIMIT %b FOR UPDATE SKIP LOCKED)
RETURNING kept_at
"""

PRUNED_AT_ONCE = 500
"""How many expired outcomes leave in one transaction: a matter of milliseconds."""


class PostgresRecorder(PostgresApplicationRecorder):
    """Writes events, and the outcomes kept for idempotency keys; implements `domain.ports.Recorder`."""

    datastore: Datastore

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        self._pruned = BEFORE_ALL
        """What was kept before that is gone: an index keeps its place for long, and it is not to be searched again."""

    def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds."""
        with self.datastore.statement() as c:
            found = c.execute(RECORD, record_arguments(write)).fetchall()
        return stale(write, found) if found else None

    def newer(self, known: Mapping[UUID, int]) -> list[Stored]:
        """Read the events of these users that follow the revisions, in one query."""
        with self.datastore.statement() as c:
            return newer_events(known, c.execute(NEWER, newer_arguments(known)).fetchall())

    def prune(self, expired: datetime) -> int:
        """Drop some of the outcomes that were kept at this moment or earlier."""
        with self.datastore.statement() as c:
            gone = c.execute(PRUNE, (self._pruned, expired, PRUNED_AT_ONCE)).fetchall()
        self._pruned = max((kept_at for (kept_at,) in gone), default=self._pruned)
        return len(gone)

    def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users, in one query."""
        with self.datastore.statement() as c:
            return history(c.execute(HISTORY, history_arguments(streams)).fetchall())

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Record events that were made by `eventsourcing`, which has no position to tell then."""
        events = [Stored(UUID(str(e.originator_id)), e.originator_version, e.topic, e.state) for e in stored_events]
        first = {event.stream: event.revision - 1 for event in reversed(events)}
        if self.record(Write(first, (), events, (), BEFORE_ALL)):
            raise IntegrityError("a revision follows the one before it, without a gap")


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
        self.datastore = Datastore(self.env[self.POSTGRES_DBNAME], WRITERS)

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
