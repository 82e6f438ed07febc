"""A feed over a service in memory, and what tests ask of it."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any, cast
from uuid import UUID

from adapters.feed.feed import Feed, Reader
from adapters.store.memory import MemoryLog, MemoryRecorder, environment
from domain.commands import Command, CreateGroup
from domain.groups import UserConversationGroups
from domain.outcomes import Outcome
from domain.ports import Entry
from domain.service import ConversationGroups
from domain.submission import Submission
from domain.values import stream_id
from tests.unit.adapters.commits import PATIENCE

APP = 1
ALICE = stream_id(APP, "alice")


@dataclass
class Told:
    """One frame as a reader sees it."""

    cursor: str
    kind: str
    data: Any

    @property
    def revision(self) -> int:
        found: int = self.data["revision"]
        return found


def told(frame: bytes) -> Told:
    lines = dict(line.split(": ", 1) for line in frame.decode().strip().split("\n"))
    return Told(lines["id"], lines["event"], json.loads(lines["data"]))


@dataclass
class WatchedLog(MemoryLog):
    """The log; it counts how often it is read, and a test may let it fail."""

    recorder: MemoryRecorder
    reads: int = 0
    failing: Exception | None = None
    on_read: Callable[[], None] = field(default=lambda: None)

    def __post_init__(self) -> None:
        super().__init__(self.recorder)

    def head(self) -> int:
        self._asked()
        return super().head()

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        self._asked()
        return super().read(after, limit)

    def _asked(self) -> None:
        self.reads += 1
        if self.failing is not None:
            raise self.failing


class World:
    """A service in memory, and the feed of what it does."""

    def __init__(self, depth: int = 10_000) -> None:
        self.groups = ConversationGroups(environment())
        self.log = WatchedLog(cast("MemoryRecorder", self.groups.recorder))
        self.feed = Feed(self.log, self.log.log_id(), self, depth)
        self.groups.listeners.append(lambda _: self.feed.wake())
        self.before: Callable[[], object] = lambda: None
        """Done when a reader has come, in a thread, before its groups are loaded."""

        self.meanwhile: Callable[[], object] = lambda: None
        """Done when they were loaded, and before the reader is told anything."""

    def state_of(self, stream: UUID) -> UserConversationGroups:
        self.before()
        state = self.groups.state_of(stream)
        self.meanwhile()
        return state

    def create_and_see_it_followed(self, name: str) -> None:
        """Record something, and wait until the feed has come past it: it reads on."""
        self.create(name)
        reads = self.log.reads
        deadline = monotonic() + PATIENCE
        while self.log.reads < reads + 3:
            assert monotonic() < deadline, "the feed stands still"
            Event().wait(0.001)

    def state_at(self, stream: UUID, revision: int, most: int) -> UserConversationGroups | None:
        return self.groups.state_at(stream, revision, most)

    def send(self, *commands: Command, user: str = "alice") -> None:
        submissions = [
            Submission(sdk_app_id=APP, user_id=user, actor=user, device="phone", command=command)
            for command in commands
        ]
        for reply in self.groups.handle(submissions):
            assert isinstance(reply.result, Outcome), reply

    def create(self, *names: str, user: str = "alice") -> None:
        self.send(*(CreateGroup(group_name=name, conversation_ids=("C2Cbob",)) for name in names), user=user)

    def cursor(self, revision: int) -> str:
        return f"{self.log.log_id().hex}-{revision}"

    @asynccontextmanager
    async def reader(self, cursor: str | None = None, user: str = "alice") -> AsyncIterator["Reading"]:
        async with self.feed.listen(stream_id(APP, user), cursor) as reader:
            yield Reading(reader)


@dataclass
class Reading:
    """What one reader does."""

    reader: Reader

    async def missed(self) -> list[Told]:
        """Read what it is told first."""
        return [told(frame) async for frame in self.reader.missed]

    async def next(self) -> Told | None:
        """Read on; None at the end."""
        frame = await self.reader.listener.next()
        return None if frame is None else told(frame)
