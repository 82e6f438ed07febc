"""The aggregate: all groups of one user, as their events made them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from domain.changes import Addition, Change, Creation, Deletion, Removal, Renaming, Reordering

BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Group(NamedTuple):
    """One group: its name, and its conversations in the order they joined."""

    group_id: int
    name: str
    joined: Mapping[str, int] = {}
    """For each conversation its number among all the user's joins: the smaller, the earlier."""


class UserConversationGroups(NamedTuple):
    """The groups of one user. Never changed: `evolve` gives the next one."""

    revision: int = 0
    recorded_at: datetime = BEFORE_ALL
    groups: Mapping[int, Group] = {}
    """By group ID, in the user's order."""

    groups_of: Mapping[str, tuple[int, ...]] = {}
    """For each grouped conversation the IDs of its groups, in the order it joined them."""

    last_group_id: int = 0
    joins: int = 0

    def find(self, group: str | int) -> Group | None:
        """Give the group with this name or ID; names are compared byte for byte."""
        if isinstance(group, int):
            return self.groups.get(group)
        for found in self.groups.values():
            if found.name == group:
                return found
        return None

    def age(self, conversation_id: str) -> int:
        """Give the number of the earliest membership that still stands: the smaller, the older the conversation."""
        return self.groups[self.groups_of[conversation_id][0]].joined[conversation_id]


def evolve(state: UserConversationGroups, event: Change) -> UserConversationGroups:
    """Give the groups as they are after `event`."""
    changing = _Changing(state)
    changing.apply(event)
    return changing.done()


def replay(state: UserConversationGroups | None, events: Iterable[Change]) -> UserConversationGroups:
    """Give the groups as they are after all of `events`, in order; None starts before the first."""
    changing = _Changing(state or UserConversationGroups())
    for event in events:
        changing.apply(event)
    return changing.done()


class _Changing:
    """A user's groups on their way through many events: what changes is copied once, not once an event."""

    __slots__ = "_copied", "_groups", "_groups_of", "_joins", "_last_group_id", "_recorded_at", "_revision"

    def __init__(self, state: UserConversationGroups) -> None:
        self._revision, self._recorded_at = state.revision, state.recorded_at
        self._groups, self._groups_of = dict(state.groups), dict(state.groups_of)
        self._last_group_id, self._joins = state.last_group_id, state.joins
        self._copied: dict[int, dict[str, int]] = {}
        """What is in the groups that changed: copies of our own."""

    def done(self) -> UserConversationGroups:
        """Give the groups as they are now; nothing is applied any more."""
        return UserConversationGroups(
            self._revision, self._recorded_at, self._groups, self._groups_of, self._last_group_id, self._joins
        )

    def apply(self, change: Change) -> None:
        """Take in the next event."""
        self._revision, self._recorded_at = change.revision, change.recorded_at
        _APPLY[change.TOPIC](self, change)

    def create(self, change: Creation) -> None:
        """Make a group, empty and last."""
        self._last_group_id = change.group_id
        self._groups[change.group_id] = Group(change.group_id, change.group_name)

    def rename(self, change: Renaming) -> None:
        """Give a group another name."""
        joined = self._groups[change.group_id].joined
        self._groups[change.group_id] = Group(change.group_id, change.group_name, joined)

    def delete(self, change: Deletion) -> None:
        """Take a group away."""
        self.remove(change)
        del self._groups[change.group_id]

    def reorder(self, change: Reordering) -> None:
        """Put the groups into another order."""
        self._groups = {group_id: self._groups[group_id] for group_id in change.order}

    def add(self, change: Addition) -> None:
        """Put conversations into a group."""
        group_id, joined, groups_of = change.group_id, self._joined(change.group_id), self._groups_of
        for number, conversation_id in enumerate(change.conversation_ids, start=self._joins + 1):
            joined[conversation_id] = number
            groups_of[conversation_id] = (*groups_of.get(conversation_id, ()), group_id)
        self._joins += len(change.conversation_ids)

    def remove(self, change: Removal | Deletion) -> None:
        """Take conversations out of a group."""
        group_id, joined, groups_of = change.group_id, self._joined(change.group_id), self._groups_of
        for conversation_id in change.conversation_ids:
            del joined[conversation_id]
            rest = tuple([other for other in groups_of.pop(conversation_id) if other != group_id])
            if rest:
                groups_of[conversation_id] = rest

    def _joined(self, group_id: int) -> dict[str, int]:
        """Give what is in a group, to be changed."""
        if group_id not in self._copied:
            group = self._groups[group_id]
            self._copied[group_id] = dict(group.joined)
            self._groups[group_id] = Group(group_id, group.name, self._copied[group_id])
        return self._copied[group_id]


_APPLY: Final[dict[str, Callable[[_Changing, Any], None]]] = {
    Creation.TOPIC: _Changing.create,
    Renaming.TOPIC: _Changing.rename,
    Deletion.TOPIC: _Changing.delete,
    Addition.TOPIC: _Changing.add,
    Removal.TOPIC: _Changing.remove,
    Reordering.TOPIC: _Changing.reorder,
}
"""By the topic: what tells the classes of pydantic apart takes longer than what is done."""
