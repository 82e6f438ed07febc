"""Opens the database that the settings name: one SQLite file, or PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import timedelta
from functools import partial
from typing import NamedTuple, Protocol, cast
from uuid import UUID

from adapters.settings import Settings
from adapters.store import postgres, sqlite
from adapters.store.datastore import Datastore
from adapters.store.leases import Leases
from adapters.store.lock import sole_writer
from adapters.store.migrate import check_postgres, check_sqlite, migrate_postgres, migrate_sqlite
from adapters.store.postgres_async import AsyncPostgresRecorder
from adapters.store.postgres_log import PostgresLog
from adapters.views.postgres import PostgresGroupLists, PostgresHistory, PostgresSnapshots
from adapters.views.sqlite import SQLiteGroupLists, SQLiteHistory, SQLiteSnapshots
from adapters.writer import Handle, Handling, in_threads
from domain.ports import EventLog
from domain.service import ConversationGroups
from projections.follower import Effect
from projections.group_lists import GroupListsTable
from projections.history import HistoryTable
from projections.snapshots import Snapshots


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
    handling: Handling
    """Carries out commands for a `Writer`."""

    log: Log
    group_lists: GroupListsView
    history: HistoryView
    snapshots: Snapshots
    leases: Leases | None = None
    """Which process runs which follower; None where there is but one process."""

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
def open_store_to_write(settings: Settings) -> Iterator[Store]:
    """Bring the database up to date, or make it, and open it; raises `HeldElsewhere` where one process alone writes."""
    with migrate_to_write(settings), open_store(settings) as store:
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
        datastore = cast("sqlite.SQLiteRecorder", groups.recorder).datastore
        with closing(datastore.for_views()) as views:
            yield Store(
                groups,
                in_threads(groups.handle),
                sqlite.SQLiteLog(datastore),
                SQLiteGroupLists(views),
                SQLiteHistory(views),
                Snapshots(SQLiteSnapshots(views), groups.states_of),
            )


@contextmanager
def _open_postgres(settings: Settings, url: str) -> Iterator[Store]:
    check_postgres(url)
    with _service(postgres.environment(url), settings) as groups:
        leases = Leases(cast("postgres.PostgresRecorder", groups.recorder).datastore)
        with closing(Datastore(url)) as reads:
            yield Store(
                groups,
                _awaited(groups, url),
                PostgresLog(reads),
                PostgresGroupLists(reads, leases.lease("group-lists")),
                PostgresHistory(reads, leases.lease("history")),
                Snapshots(PostgresSnapshots(reads, leases.lease("snapshots")), groups.states_of),
                leases,
            )


def _awaited(groups: ConversationGroups, url: str) -> Handling:
    @asynccontextmanager
    async def handling() -> AsyncIterator[Handle]:
        async with AsyncPostgresRecorder(url) as recorder:
            yield partial(groups.handle_with, recorder)

    return handling


def _service(env: dict[str, str], settings: Settings) -> ConversationGroups:
    return ConversationGroups(env, keep_outcomes_for=timedelta(days=settings.idempotency_days))
