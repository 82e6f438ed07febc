"""Recorded entries for the projections, and small stand-ins for what the follower loop needs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from uuid import UUID

from domain.events import Event, make
from domain.ports import Entry
from domain.values import stream_id
from projections.group_lists import UserGroupLists
from projections.history import HistoryRow, history_row
from tests.unit.domain.scenario import NOON, STAMP, Change

ALICE = stream_id(STAMP["sdk_app_id"], STAMP["user_id"])


def minute(number: int) -> timedelta:
    return timedelta(minutes=number)


def recorded(*changes: Change, first_revision: int = 1) -> list[Event]:
    """Give Alice's events, one a minute: the one of revision 1 a minute after noon."""
    return [
        make(change.event_type, STAMP, revision, dict(change.data)).model_copy(
            update={"recorded_at": NOON + minute(revision)}
        )
        for revision, change in zip(count(first_revision), changes)
    ]


def entries_of(*changes: Change) -> list[Entry]:
    """Give the same at the positions 10, 20, 30…: in a log with many users a user's positions are no revisions."""
    return [Entry(position * 10, event, event.to_json()) for position, event in enumerate(recorded(*changes), start=1)]


@dataclass
class ListLog:
    """A log that is a list; it counts how often it is read."""

    entries: list[Entry]
    reads: int = 0

    def log_id(self) -> UUID:
        return UUID(int=1)

    def head(self) -> int:
        return self.entries[-1].position if self.entries else 0

    def revision(self, stream: UUID) -> int:
        return max((e.event.revision for e in self.entries if e.event.originator_id == stream), default=0)

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        self.reads += 1
        return [entry for entry in self.entries if entry.position > after][:limit]

    def read_user(self, stream: UUID, after: int, limit: int | None = None) -> Sequence[Entry]:
        self.reads += 1
        own = [e for e in self.entries if e.event.originator_id == stream and e.event.revision > after]
        return own[:limit]


@dataclass
class ListTable:
    """A view of one user that has seen the first so many entries."""

    seen: list[Entry]

    def load(self, stream: UUID) -> UserGroupLists:
        lists = UserGroupLists()
        for entry in self.seen:
            if entry.event.originator_id == stream:
                lists.apply(entry.event)
        return lists

    def page(self, stream: UUID, after: int, limit: int) -> Sequence[HistoryRow]:
        rows = [history_row(entry) for entry in self.seen if entry.event.originator_id == stream]
        return [row for row in rows if row.revision > after][:limit]


@dataclass
class Taken:
    """An effect that is a list. It may be told to fail, before or after the batch took effect."""

    positions: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    asked: int = 0
    fail_before: Exception | None = None
    fail_after: Exception | None = None

    def checkpoint(self) -> int:
        self.asked += 1
        return self.positions[-1] if self.positions else 0

    def apply(self, entries: Sequence[Entry]) -> None:
        if self.fail_before is not None:
            error, self.fail_before = self.fail_before, None
            raise error
        self.positions += [entry.position for entry in entries]
        self.batches.append(len(entries))
        if self.fail_after is not None:
            error, self.fail_after = self.fail_after, None
            raise error
