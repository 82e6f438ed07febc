"""Each user's groups as records that stand for themselves: the newest of each key says how it is now.

A record has a number among those of its user: 0 is the order of the groups, any other is the group with that ID.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self, assert_never
from uuid import UUID

from pydantic_core import to_json

from domain.events import (
    ConversationsAdded,
    ConversationsRemoved,
    Event,
    GroupCreated,
    GroupDeleted,
    GroupRenamed,
    GroupsReordered,
)
from domain.groups import UserConversationGroups
from domain.ports import Entry
from domain.values import WireModel

ORDER: Final = 0
"""The number of the record with the order of a user's groups; groups have IDs from 1 up."""

REMEMBERED: Final = 300_000
"""How many users, groups and conversations are kept at hand: 50 to 100 MB when all of them are."""

AT_ONCE: Final = 200
"""Of how many users the groups are read from the log in one question."""

StatesAt = Callable[[Mapping[UUID, int]], Mapping[UUID, UserConversationGroups]]
"""Gives the groups of some users, each as of a revision; raises `Unavailable` and `CannotGoOn`."""


class GroupName(WireModel):
    """One group in the order of all."""

    group_id: int
    group_name: str


class GroupOrder(WireModel):
    """All groups of a user, as they are listed. A user who ever had a group has this record, be it empty."""

    revision: int
    """The user's revision with which the order, or a name in it, last changed."""

    groups: tuple[GroupName, ...]


class GroupState(WireModel):
    """One group, and what is in it."""

    revision: int
    """The user's revision with which the group last changed."""

    group_id: int
    group_name: str
    conversation_ids: tuple[str, ...]
    """In the order they were added."""


class Changed(NamedTuple):
    """A record as it is now."""

    sdk_app_id: int
    user_id: str
    number: int
    """`ORDER`, or the ID of the group."""

    value: bytes | None
    """The JSON of a `GroupOrder` or a `GroupState`; None for a group that is gone."""


class Part(NamedTuple):
    """Some entries of the log, and every record that they changed, once."""

    entries: Sequence[Entry]
    changed: Sequence[Changed]


@dataclass(slots=True)
class _Group:
    name: str
    conversation_ids: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class UserRecords:
    """The records of one user, and which of them changed since they were last told."""

    revision: int = 0
    groups: dict[int, _Group] = field(default_factory=dict)
    """By ID, in the user's order."""

    changed: dict[int, int] = field(default_factory=dict)
    """By number, the revision of the last change."""

    @classmethod
    def of(cls, state: UserConversationGroups) -> Self:
        """Give the records of a user of whom this is known."""
        groups = {group_id: _Group(group.name, dict.fromkeys(group.joined)) for group_id, group in state.groups.items()}
        return cls(state.revision, groups)

    def apply(self, event: Event) -> int:
        """Take in the user's next event, and tell about how many bytes of records it changed for the first time."""
        if event.revision != self.revision + 1:
            raise ValueError(f"revision {event.revision} of {event.user_id!r} does not follow {self.revision}")
        self.revision = event.revision
        match event:
            case GroupCreated():
                self.groups[event.group_id] = _Group(event.group_name)
                return self._touch(ORDER) + self._touch(event.group_id)
            case GroupRenamed():
                self.groups[event.group_id].name = event.group_name
                return self._touch(ORDER) + self._touch(event.group_id)
            case GroupDeleted():
                del self.groups[event.group_id]
                return self._touch(ORDER) + self._touch(event.group_id)
            case ConversationsAdded():
                self.groups[event.group_id].conversation_ids.update(dict.fromkeys(event.conversation_ids))
                return self._touch(event.group_id) or sum(map(len, event.conversation_ids))
            case ConversationsRemoved():
                members = self.groups[event.group_id].conversation_ids
                for conversation_id in event.conversation_ids:
                    del members[conversation_id]
                return self._touch(event.group_id)
            case GroupsReordered():
                self.groups = {group_id: self.groups[group_id] for group_id in event.order}
                return self._touch(ORDER)
            case _:
                assert_never(event)

    def _touch(self, number: int) -> int:
        first = number not in self.changed
        self.changed[number] = self.revision
        if not first:
            return 0
        if number == ORDER:
            return 64 * (1 + len(self.groups))
        group = self.groups.get(number)
        return 128 + (sum(map(len, group.conversation_ids)) if group else 0)

    def tell(self) -> Iterator[tuple[int, bytes | None]]:
        """Give the JSON of every `GroupOrder` and `GroupState` that changed since this was last asked, by number."""
        for number, revision in self.changed.items():
            if number == ORDER:
                names = [{"groupID": group_id, "groupName": group.name} for group_id, group in self.groups.items()]
                yield ORDER, to_json({"revision": revision, "groups": names})
            elif group := self.groups.get(number):
                ids = list(group.conversation_ids)
                state = {"revision": revision, "groupID": number, "groupName": group.name, "conversationIDs": ids}
                yield number, to_json(state)
            else:
                yield number, None
        self.changed.clear()

    @property
    def size(self) -> int:
        """Count the user, the groups and what is in them."""
        return 1 + sum(1 + len(group.conversation_ids) for group in self.groups.values())


class GroupRecords:
    """The records of all users, as far as they are at hand, at one place of the log: it goes forward only.

    What is not at hand is read from the log. After an exception it is to be forgotten.
    """

    def __init__(self, states_at: StatesAt, remembered: int = REMEMBERED) -> None:
        self._states_at = states_at
        self._remembered = remembered
        self._users: dict[UUID, UserRecords] = {}
        """The longest unused first."""

        self._sizes: dict[UUID, int] = {}
        self._size = 0

    def forget(self) -> None:
        """Begin anew, at whatever place."""
        self._users.clear()
        self._sizes.clear()
        self._size = 0

    def parts(self, entries: Sequence[Entry], most: int) -> Iterator[Part]:
        """Take in the next entries, and cut them where those and their records come to about `most` bytes."""
        self._have(entries)
        begin = size = 0
        touched: dict[UUID, UserRecords] = {}
        for end, entry in enumerate(entries, start=1):
            stream = entry.event.originator_id
            user = touched[stream] = self._users[stream]
            size += len(entry.value) + user.apply(entry.event)
            if size >= most or end == len(entries):
                yield Part(entries[begin:end], self._tell(entries[begin:end], touched))
                begin, size, touched = end, 0, {}
        self._make_room()

    def _tell(self, entries: Sequence[Entry], touched: Mapping[UUID, UserRecords]) -> list[Changed]:
        who = {entry.event.originator_id: entry.event for entry in entries}
        return [
            Changed(who[stream].sdk_app_id, who[stream].user_id, number, value)
            for stream, user in touched.items()
            for number, value in user.tell()
        ]

    def _have(self, entries: Sequence[Entry]) -> None:
        """See to it that the groups of everybody concerned are at hand, as they are before these entries."""
        first: dict[UUID, int] = {}
        for entry in entries:
            first.setdefault(entry.event.originator_id, entry.event.revision)
        missing: dict[UUID, int] = {}
        for stream, revision in first.items():
            known = self._users.pop(stream, None)
            if known is None and revision == 1:
                known = UserRecords()
            if known is None:
                missing[stream] = revision - 1
            else:
                self._users[stream] = known
        streams = list(missing)
        for begin in range(0, len(streams), AT_ONCE):
            some = {stream: missing[stream] for stream in streams[begin : begin + AT_ONCE]}
            self._users |= {stream: UserRecords.of(state) for stream, state in self._states_at(some).items()}
        self._used = list(first)

    def _make_room(self) -> None:
        for stream in self._used:
            size = self._users[stream].size
            self._size += size - self._sizes.get(stream, 0)
            self._sizes[stream] = size
        while self._size > self._remembered:
            stream = next(iter(self._users))
            del self._users[stream]
            self._size -= self._sizes.pop(stream)
