"""Every implementation of the ports, each made ready to be tested: the one place that grows with a new store."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast

from adapters.store import memory, sqlite
from adapters.store.migrate import migrate_sqlite
from adapters.views.memory import MemoryGroupLists, MemoryHistory
from adapters.views.sqlite import SQLiteGroupLists, SQLiteHistory
from domain.commands import Command
from domain.events import Event
from domain.limits import Policy
from domain.outcomes import Outcome
from domain.ports import Entry, EventLog, Kept, Key, Recorder, Write
from domain.refusals import Refusal
from domain.service import ConversationGroups
from domain.submission import Reply, Submission
from domain.values import stream_id
from projections.follower import Effect
from projections.group_lists import GroupListsTable
from projections.history import HistoryTable

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
    clock: Clock

    policies: dict[int, Policy] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups.policy_of = lambda app: self.policies.get(app, Policy())

    @property
    def recorder(self) -> Recording:
        return cast("Recording", self.groups.recorder)

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
        event_log = memory.MemoryLog(cast("memory.MemoryRecorder", groups.recorder))
        yield Store(groups, event_log, MemoryGroupLists(), MemoryHistory(), clock)


@contextmanager
def sqlite_store(folder: Path, clock: Clock) -> Iterator[Store]:
    database = folder / "log.db"
    migrate_sqlite(database)
    with ConversationGroups(sqlite.environment(database), clock=clock) as groups:
        datastore = cast("sqlite.SQLiteRecorder", groups.recorder).datastore
        with closing(datastore.for_views()) as views:
            event_log = sqlite.SQLiteLog(datastore)
            yield Store(groups, event_log, SQLiteGroupLists(views), SQLiteHistory(views), clock)


STORES: dict[str, OpenStore] = {"memory": memory_store, "sqlite": sqlite_store}
DURABLE = ["sqlite"]
"""Those that are still there when the process is not."""
