"""Every implementation of the ports, each made ready to be tested: the one place that grows with a new store."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import Any, Protocol, cast
from uuid import UUID

import psycopg
from anyio.from_thread import BlockingPortal, start_blocking_portal

from adapters.store import memory, postgres, sqlite
from adapters.store.in_thread import InThread
from adapters.store.leases import Leases
from adapters.store.migrate import migrate_postgres, migrate_sqlite
from adapters.store.postgres_async import AsyncPostgresRecorder
from adapters.store.postgres_log import PostgresLog
from adapters.views.memory import MemoryGroupLists, MemoryHistory, MemorySnapshots
from adapters.views.postgres import PostgresHistory, PostgresSnapshots
from adapters.views.postgres_group_lists import PostgresGroupLists
from adapters.views.sqlite import SQLiteGroupLists, SQLiteHistory, SQLiteSnapshots
from domain.commands import Command
from domain.events import Event
from domain.limits import Policy
from domain.outcomes import Outcome
from domain.ports import AsyncRecorder, Entry, EventLog, Kept, Key, Recorder, Stale, Write
from domain.refusals import Refusal
from domain.service import ConversationGroups
from domain.stored import Stored
from domain.submission import Reply, Submission
from domain.values import stream_id
from projections.follower import Effect
from projections.group_lists import GroupListsTable
from projections.history import HistoryTable
from projections.snapshots import SnapshotTable

APP = 1400000000
ALICE, BOB = stream_id(APP, "alice"), stream_id(APP, "bob")


class View(Effect, Protocol):
    """A view that can be built anew."""

    def clear(self) -> None: ...


class GroupListsView(View, GroupListsTable, Protocol): ...


class HistoryView(View, HistoryTable, Protocol): ...


class Recording(Recorder, Protocol):
    """What the service writes with, and what `eventsourcing` does."""

    insert_events: Callable[..., Sequence[int] | None]


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Store:
    """The service on one store, the log that it writes, and the views of it."""

    groups: ConversationGroups
    log: EventLog
    lists: GroupListsView
    history: HistoryView
    snapshots: SnapshotTable
    clock: Clock

    awaited: AsyncRecorder | None = None
    """What commands are recorded with, where not with `recorder`."""

    portal: BlockingPortal | None = None
    """What awaits it."""

    policies: dict[int, Policy] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups.policy_of = lambda app: self.policies.get(app, Policy())

    @property
    def recorder(self) -> Recording:
        return cast("Recording", self.groups.recorder)

    def record(self, write: Write) -> Stale | None:
        """Record as commands do."""
        return cast("Stale | None", self._asked("record", write))

    def newer(self, known: Mapping[UUID, int]) -> list[Stored]:
        """Read as commands do."""
        return list(self._asked("newer", known))

    def recorded(self, streams: Collection[UUID]) -> tuple[dict[UUID, bytes], list[Stored]]:
        """Read snapshots and events as commands do."""
        found = self._asked("history", streams)
        return dict(found.snapshots), list(found.events)

    def _asked(self, method: str, argument: object) -> Any:
        if self.portal is None:
            return getattr(self.recorder, method)(argument)
        return self.portal.call(getattr(self.awaited, method), argument)

    def kept(self, keys: Sequence[Key]) -> dict[Key, Kept]:
        """Find what is kept for these keys, also what has expired."""
        known = {key.stream: self.log.revision(key.stream) for key in keys}
        stale = self.recorder.record(Write(known, keys, (), (), datetime.min.replace(tzinfo=UTC)))
        return stale.used if stale else {}

    def send(self, *commands: Command, user: str = "alice", key: str | None = None) -> list[Reply]:
        """Let one user send these, in one batch."""
        return self.groups.handle([submission(command, user, key) for command in commands])

    def outcome(self, command: Command, user: str = "alice", key: str | None = None) -> Outcome:
        """Send one command that is carried out."""
        result = self.send(command, user=user, key=key)[0].result
        assert isinstance(result, Outcome), result
        return result

    def refusal(self, command: Command, user: str = "alice", key: str | None = None) -> Refusal:
        """Send one command that is refused."""
        result = self.send(command, user=user, key=key)[0].result
        assert isinstance(result, Refusal), result
        return result

    def entries(self) -> list[Entry]:
        return list(self.log.read(0, 100_000))

    def events(self) -> list[Event]:
        return [entry.event for entry in self.entries()]


def submission(command: Command, user: str = "alice", key: str | None = None, app: int = APP) -> Submission:
    return Submission(sdk_app_id=app, user_id=user, command=command, actor=user, device="phone", key=key)


OpenStore = Callable[[Path, Clock], AbstractContextManager[Store]]
"""Makes a store in this folder, or opens the one that is there already."""


@contextmanager
def memory_store(_: Path, clock: Clock) -> Iterator[Store]:
    with ConversationGroups(memory.environment(), clock=clock) as groups:
        recorder = cast("memory.MemoryRecorder", groups.recorder)
        snapshots = MemorySnapshots(recorder.taken)
        yield Store(groups, memory.MemoryLog(recorder), MemoryGroupLists(), MemoryHistory(), snapshots, clock)


@contextmanager
def awaiting(groups: ConversationGroups, recorder: AsyncPostgresRecorder | InThread) -> Iterator[BlockingPortal]:
    """Let commands come to the recorder on an event loop."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(recorder):
        groups.handle = partial(portal.call, groups.handle_with, recorder, nullcontext())  # type: ignore[method-assign]
        yield portal


@contextmanager
def sqlite_store(folder: Path, clock: Clock, *, awaited: bool = False) -> Iterator[Store]:
    database = folder / "log.db"
    migrate_sqlite(database)
    with ConversationGroups(sqlite.environment(database), clock=clock) as groups, ExitStack() as stack:
        blocking = cast("sqlite.SQLiteRecorder", groups.recorder)
        recorder = InThread(blocking) if awaited else None
        portal = stack.enter_context(awaiting(groups, recorder)) if recorder else None
        datastore = blocking.datastore
        with closing(datastore.for_views()) as views:
            event_log = sqlite.SQLiteLog(datastore)
            lists, history, snapshots = SQLiteGroupLists(views), SQLiteHistory(views), SQLiteSnapshots(views)
            yield Store(groups, event_log, lists, history, snapshots, clock, recorder, portal)


def postgres_store(server: str, *, awaited: bool = False) -> OpenStore:
    """Give what opens a store in PostgreSQL: each folder has a schema of its own.

    Commands come to it on a thread that blocks, or, `awaited`, on an event loop.
    """

    @contextmanager
    def opened(folder: Path, clock: Clock) -> Iterator[Store]:
        schema = f"s_{md5(str(folder).encode()).hexdigest()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        url = f"{server}?options=-csearch_path%3D{schema}"
        migrate_postgres(url)
        with ConversationGroups(postgres.environment(url), clock=clock) as groups, ExitStack() as stack:
            recorder = AsyncPostgresRecorder(url) if awaited else None
            portal = stack.enter_context(awaiting(groups, recorder)) if recorder else None
            datastore = cast("postgres.PostgresRecorder", groups.recorder).datastore
            leases = Leases(datastore)
            lists = PostgresGroupLists(datastore, leases.lease("group-lists"))
            history = PostgresHistory(datastore, leases.lease("history"))
            snapshots = PostgresSnapshots(datastore, leases.lease("snapshots"))
            for name in ("group-lists", "history", "snapshots"):
                leases.lease(name).hold()
            yield Store(groups, PostgresLog(datastore), lists, history, snapshots, clock, recorder, portal)
            for name in ("group-lists", "history", "snapshots"):
                leases.lease(name).release()

    return opened


STORES: dict[str, OpenStore] = {
    "memory": memory_store,
    "sqlite": sqlite_store,
    "sqlite awaited": partial(sqlite_store, awaited=True),
}
DURABLE = ["sqlite", "sqlite awaited", "postgres", "postgres awaited"]
"""Those that are still there when the process is not."""
