"""The aggregate: all groups of one user, as their events made them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from typing import Final, assert_never

from domain.events import (
    ConversationsAdded,
    ConversationsRemoved,
    Event,
    GroupCreated,
    GroupDeleted,
    GroupRenamed,
    GroupsReordered,
)

BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its name, and its conversations in the order they joined."""

    group_id: int
    name: str
    joined: Mapping[str, int] = field(default_factory=dict)
    """For each conversation its number among all the user's joins: the smaller, the earlier."""


@dataclass(frozen=True, slots=True)
class UserConversationGroups:
    """The groups of one user. Never changed: `evolve` gives the next one."""

    revision: int = 0
    recorded_at: datetime = BEFORE_ALL
    groups: Mapping[int, Group] = field(default_factory=dict)
    """By group ID, in the user's order."""

    groups_of: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """For each grouped conversation the IDs of its groups, in the order it joined them."""

    last_group_id: int = 0
    joins: int = 0

    def find(self, group: str | int) -> Group | None:
        """Give the group with this name or ID; names are compared byte for byte."""
        if isinstance(group, int):
            return self.groups.get(group)
        return next((found for found in self.groups.values() if found.name == group), None)

    def age(self, conversation_id: str) -> int:
        """Give the number of the earliest membership that still stands: the smaller, the older the conversation."""
        return self.groups[self.groups_of[conversation_id][0]].joined[conversation_id]


def evolve(state: UserConversationGroups, event: Event) -> UserConversationGroups:
    """Give the groups as they are after `event`."""
    state = replace(state, revision=event.revision, recorded_at=event.recorded_at)
    match event:
        case GroupCreated(group_id=group_id, group_name=name):
            groups = {**state.groups, group_id: Group(group_id, name)}
            return replace(state, groups=groups, last_group_id=group_id)
        case GroupRenamed(group_id=group_id, group_name=name):
            renamed = replace(state.groups[group_id], name=name)
            return replace(state, groups={**state.groups, group_id: renamed})
        case GroupDeleted(group_id=group_id, conversation_ids=left):
            state = _leave(state, group_id, left)
            return replace(state, groups={key: group for key, group in state.groups.items() if key != group_id})
        case ConversationsAdded(group_id=group_id, conversation_ids=joined):
            return _join(state, group_id, joined)
        case ConversationsRemoved(group_id=group_id, conversation_ids=left):
            return _leave(state, group_id, left)
        case GroupsReordered(order=order):
            return replace(state, groups={group_id: state.groups[group_id] for group_id in order})
        case _:
            assert_never(event)


def replay(state: UserConversationGroups | None, events: Iterable[Event]) -> UserConversationGroups:
    """Give the groups as they are after all of `events`, in order; None starts before the first."""
    return reduce(evolve, events, state or UserConversationGroups())


def _join(state: UserConversationGroups, group_id: int, ids: tuple[str, ...]) -> UserConversationGroups:
    group = state.groups[group_id]
    numbers = {conversation_id: state.joins + n for n, conversation_id in enumerate(ids, start=1)}
    return replace(
        state,
        groups={**state.groups, group_id: replace(group, joined={**group.joined, **numbers})},
        groups_of={**state.groups_of, **{key: (*state.groups_of.get(key, ()), group_id) for key in ids}},
        joins=state.joins + len(ids),
    )


def _leave(state: UserConversationGroups, group_id: int, ids: tuple[str, ...]) -> UserConversationGroups:
    group = state.groups[group_id]
    joined, groups_of = dict(group.joined), dict(state.groups_of)
    for conversation_id in ids:
        del joined[conversation_id]
        rest = tuple(other for other in groups_of.pop(conversation_id) if other != group_id)
        if rest:
            groups_of[conversation_id] = rest
    return replace(state, groups={**state.groups, group_id: replace(group, joined=joined)}, groups_of=groups_of)
