"""Which groups a user has, what is in them, and in which groups a conversation is.

`UserGroupLists` is one user's part of the view. A follower applies events to it and writes what changed; a read loads
it and applies the events that the view has not seen yet. Both go through `apply`, so both answer alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, assert_never
from uuid import UUID

from domain.events import (
    ConversationsAdded,
    ConversationsRemoved,
    Event,
    GroupCreated,
    GroupDeleted,
    GroupRenamed,
    GroupsReordered,
)
from domain.ports import EventLog

VERSION = 1
"""Raised with every change of what the view holds or answers, so that no client's cached answer outlives it."""


class GroupRow(NamedTuple):
    """One group as it is listed."""

    name: str
    place: int
    """Groups are listed by it, the smallest first; only its order means something."""

    conversation_count: int
    created_at: datetime
    updated_at: datetime
    """When its name or its conversations last changed; moving it in the list is no change of the group."""


class Membership(NamedTuple):
    """One conversation in one group."""

    revision: int
    """The revision that added it: with `place` the order in which conversations joined."""

    place: int
    """Its place among those added with it."""

    added_at: datetime


@dataclass(slots=True)
class UserGroupLists:
    """One user's groups and memberships.

    A read begins with all. A follower needs `groups_before` an event to apply it and no memberships, so it begins with
    those groups and ends with the memberships that joined. What became of rows that were there before is noted beside.
    """

    revision: int = 0
    groups: dict[int, GroupRow] = field(default_factory=dict)
    memberships: dict[tuple[int, str], Membership] = field(default_factory=dict)
    changes: "Changes" = field(default_factory=lambda: Changes(), compare=False)  # noqa: PLW0108 - it stands below

    def apply(self, event: Event) -> None:
        """Take in the user's next event."""
        if event.revision != self.revision + 1:
            raise ValueError(f"revision {event.revision} of {event.user_id!r} does not follow {self.revision}")
        self.revision = event.revision
        match event:
            case GroupCreated():
                at = event.recorded_at
                self.groups[event.group_id] = GroupRow(event.group_name, event.revision, 0, at, at)
                self.changes.groups_made.add(event.group_id)
            case GroupRenamed():
                self._change(event.group_id, event.recorded_at, name=event.group_name)
            case GroupDeleted():
                del self.groups[event.group_id]
                self.changes.delete_group(event.group_id)
                self._leave(event.group_id, event.conversation_ids)
            case ConversationsAdded():
                self._change(event.group_id, event.recorded_at, more=len(event.conversation_ids))
                for place, conversation_id in enumerate(event.conversation_ids):
                    joined = Membership(event.revision, place, event.recorded_at)
                    self.memberships[event.group_id, conversation_id] = joined
            case ConversationsRemoved():
                self._change(event.group_id, event.recorded_at, more=-len(event.conversation_ids))
                self._leave(event.group_id, event.conversation_ids)
            case GroupsReordered():
                # All below this revision and so before any group that is created later.
                for place, group_id in enumerate(event.order, start=event.revision - len(event.order)):
                    self.groups[group_id] = self._row(group_id)._replace(place=place)
                    self.changes.groups_changed.add(group_id)
            case _:
                assert_never(event)

    def listed(self) -> list[tuple[int, GroupRow]]:
        """List the groups with their IDs, in the user's order."""
        return sorted(self.groups.items(), key=lambda listed: listed[1].place)

    def find(self, group: str | int) -> tuple[int, GroupRow] | None:
        """Give the group with this name or ID."""
        by_id = isinstance(group, int)
        return next(
            ((group_id, row) for group_id, row in self.listed() if group == (group_id if by_id else row.name)), None
        )

    def members(self, group_id: int) -> list[tuple[str, Membership]]:
        """List the conversations of one group, in the order they were added."""
        rows = [(key[1], joined) for key, joined in self.memberships.items() if key[0] == group_id]
        return sorted(rows, key=lambda member: member[1])

    def group_names(self) -> dict[str, list[str]]:
        """Give for each grouped conversation the names of its groups, in the order it joined them."""
        names = {group_id: row.name for group_id, row in self.listed()}
        found: dict[str, list[str]] = {}
        for conversation_id, group_id, _ in self.joins():
            found.setdefault(conversation_id, []).append(names[group_id])
        return found

    def joins(self) -> list[tuple[str, int, Membership]]:
        """List every membership that stands as conversation, group and when, the earliest first."""
        rows = [(key[1], key[0], joined) for key, joined in self.memberships.items()]
        return sorted(rows, key=lambda join: join[2])

    def _row(self, group_id: int) -> GroupRow:
        row = self.groups.get(group_id)
        if row is None:
            raise ValueError(f"there is no group {group_id} at revision {self.revision}")
        return row

    def _change(self, group_id: int, at: datetime, *, name: str | None = None, more: int = 0) -> None:
        row = self._row(group_id)
        count = row.conversation_count + more
        self.groups[group_id] = row._replace(name=name or row.name, conversation_count=count, updated_at=at)
        self.changes.groups_changed.add(group_id)

    def _leave(self, group_id: int, ids: Iterable[str]) -> None:
        for conversation_id in ids:
            key = group_id, conversation_id
            if self.memberships.pop(key, None) is None:
                self.changes.left.add(key)


@dataclass(slots=True)
class Changes:
    """Which rows of a user's part are to be written, since it was loaded or last written."""

    groups_made: set[int] = field(default_factory=set)
    groups_changed: set[int] = field(default_factory=set)
    """Made ones may be among them."""

    groups_deleted: set[int] = field(default_factory=set)
    left: set[tuple[int, str]] = field(default_factory=set)
    """Memberships that were there before; some may have joined again since."""

    def delete_group(self, group_id: int) -> None:
        """Note that a group is gone; one that was made since leaves no trace."""
        self.groups_changed.discard(group_id)
        if group_id in self.groups_made:
            self.groups_made.remove(group_id)
        else:
            self.groups_deleted.add(group_id)


def groups_before(event: Event) -> Sequence[int]:
    """Tell which groups, made before it, an event changes."""
    match event:
        case GroupCreated():
            return ()
        case GroupsReordered():
            return event.order
        case GroupRenamed() | GroupDeleted() | ConversationsAdded() | ConversationsRemoved():
            return (event.group_id,)
        case _:
            assert_never(event)


class GroupListsTable(Protocol):
    """Where the view is kept."""

    def load(self, stream: UUID) -> UserGroupLists:
        """Load one user's part whole, as of some revision; raises `Unavailable`."""
        ...


def current_lists(log: EventLog, table: GroupListsTable, stream: UUID) -> UserGroupLists:
    """Answer with everything recorded so far, however far the view has come: no waiting, in no process."""
    lists = table.load(stream)
    for entry in log.read_user(stream, after=lists.revision):
        lists.apply(entry.event)
    return lists
