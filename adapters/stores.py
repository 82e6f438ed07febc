"""Opens the database that the settings name: one SQLite file, or PostgreSQL."""

from asyncio import Lock
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, closing, contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from time import sleep
from typing import NamedTuple, Protocol, cast
from uuid import UUID

import structlog
from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import InterfaceError, OperationalError

from adapters.settings import Settings
from adapters.store import postgres, sqlite
from adapters.store.connections import in_a_line
from adapters.store.datastore import Datastore
from adapters.store.in_thread import InThread
from adapters.store.leases import Leases
from adapters.store.lock import sole_writer
from adapters.store.migrate import check_postgres, check_sqlite, check_there, migrate_postgres, migrate_sqlite
from adapters.store.postgres_async import AsyncPostgresRecorder
from adapters.store.postgres_log import PostgresLog
from adapters.store.write_ahead import WriteAhead
from adapters.views.postgres import PostgresHistory, PostgresSnapshots
from adapters.views.postgres_group_lists import PostgresGroupLists
from adapters.views.sqlite import SQLiteGroupLists, SQLiteHistory, SQLiteSnapshots
from adapters.writer import Handle, Lanes
from domain.ports import EventLog, Unavailable
from domain.service import ConversationGroups
from projections.follower import Effect
from projections.group_lists import GroupListsTable
from projections.history import HistoryTable
from projections.snapshots import Snapshots

logger = structlog.get_logger("store")

PAUSE = 0.5
"""Seconds between two tries to open a database that is away."""

POSTGRES_LANES = 2
"""Commits under way at once, of different users: one is decided while the other becomes durable."""

SQLITE_LANES = 1
"""A file has one writer: a second commit would only wait for the first."""

AsyncRecording = InThread | AsyncPostgresRecorder


class View(Effect, Protocol):
    """What is made from the log, and can be made anew."""

    def clear(self) -> None:
        """Empty it."""
        ...


class Log(EventLog, Protocol):
    """The log, as its operator has it."""

    def renew_log_id(self) -> UUID:
        """Make this another log for all who hold positions in it: after a backup was restored."""
        ...


class GroupListsView(View, GroupListsTable, Protocol):
    """The view `group-lists`."""


class HistoryView(View, HistoryTable, Protocol):
    """The view `history`."""


class Store(NamedTuple):
    """The log, the service that writes it, and what is made from it."""

    groups: ConversationGroups
    lanes: Lanes
    """What carries out commands for a `Writer`."""

    log: Log
    group_lists: GroupListsView
    history: HistoryView
    snapshots: Snapshots
    leases: Leases | None = None
    """Which process runs which follower; None where there is but one process."""

    beside: AbstractContextManager[object] = nullcontext()
    """What goes on beside the writing, as long as somebody writes."""

    @property
    def views(self) -> dict[str, View]:
        """What followers of the log keep, by name."""
        return {"group-lists": self.group_lists, "history": self.history, "snapshots": self.snapshots}


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """Open a database to read it; raises `NotMigrated`."""
    with _open_sqlite(settings) if settings.postgres is None else _open_postgres(settings, settings.postgres) as store:
        yield store


@contextmanager
def open_store_patiently(settings: Settings) -> Iterator[Store]:
    """Do the same with a database that was there a moment ago: while it is away, wait."""
    with ExitStack() as stack:
        while True:
            try:
                store = stack.enter_context(open_store(settings))
                store.log.head()
                break
            except (InterfaceError, OperationalError, PersistenceError, Unavailable) as away:
                logger.warning("waiting for the database", reason=in_a_line(away))
                stack.close()
                sleep(PAUSE)
        yield store


@contextmanager
def open_store_to_write(settings: Settings) -> Iterator[Store]:
    """Bring the database up to date, or make it, and open it; raises `HeldElsewhere` where one process alone writes."""
    with migrate_to_write(settings), open_store(settings) as store, store.beside:
        yield store


@contextmanager
def open_store_to_operate(settings: Settings) -> Iterator[Store]:
    """Do the same with a database that is there: in the wrong folder one would be made, and seem to be well."""
    if settings.postgres is None:
        check_there(settings.database)
    with open_store_to_write(settings) as store:
        yield store


@contextmanager
def migrate_to_write(settings: Settings) -> Iterator[list[str]]:
    """Bring the database up to date and name the steps; while this lasts, nobody else writes to an SQLite file."""
    if settings.postgres is not None:
        yield migrate_postgres(settings.postgres)
        return
    with sole_writer(settings.database):
        yield migrate_sqlite(settings.database)


@contextmanager
def _open_sqlite(settings: Settings) -> Iterator[Store]:
    check_sqlite(settings.database)
    with _service(sqlite.environment(settings.database), settings) as groups:
        recorder = cast("sqlite.SQLiteRecorder", groups.recorder)
        datastore = recorder.datastore
        with closing(datastore.for_views()) as views:
            yield Store(
                groups,
                _lanes(groups, lambda: InThread(recorder), SQLITE_LANES),
                sqlite.SQLiteLog(datastore),
                SQLiteGroupLists(views),
                SQLiteHistory(views),
                Snapshots(SQLiteSnapshots(views), groups.states_of),
                beside=WriteAhead(datastore.uri, datastore.writers),
            )


@contextmanager
def _open_postgres(settings: Settings, url: str) -> Iterator[Store]:
    check_postgres(url)
    with _service(postgres.environment(url), settings) as groups:
        leases = Leases(cast("postgres.PostgresRecorder", groups.recorder).datastore)
        with closing(Datastore(url)) as reads:
            yield Store(
                groups,
                _lanes(groups, lambda: AsyncPostgresRecorder(url), POSTGRES_LANES),
                PostgresLog(reads),
                PostgresGroupLists(reads, leases.lease("group-lists")),
                PostgresHistory(reads, leases.lease("history")),
                Snapshots(PostgresSnapshots(reads, leases.lease("snapshots")), groups.states_of),
                leases,
            )


def _lanes(groups: ConversationGroups, recorder: Callable[[], AsyncRecording], lanes: int) -> Lanes:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Sequence[Handle]]:
        async with recorder() as recording:
            yield [partial(groups.handle_with, recording, Lock())] * lanes

    return opened


def _service(env: dict[str, str], settings: Settings) -> ConversationGroups:
    return ConversationGroups(
        env, policy_of=settings.apps_file.policy_of, keep_outcomes_for=timedelta(days=settings.idempotency_days)
    )
