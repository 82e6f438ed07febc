"""What a user's devices are told: one frame for each command, or all at once for a device that knows nothing yet.

A frame is a function of the events of one command and of the groups as they are behind the last of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, NamedTuple, assert_never

from domain.events import (
    ConversationsAdded,
    ConversationsRemoved,
    Event,
    GroupCreated,
    GroupDeleted,
    GroupRenamed,
    GroupsReordered,
)
from domain.groups import UserConversationGroups, replay
from domain.ports import Entry

GROUP_LIST = "onConversationGroupListUpdated"
"""Its data: the names of all groups, in the user's order."""

CONVERSATION_LIST = "onConversationListUpdated"
"""Its data: the conversations concerned, each with the names of its groups in the order it joined them."""

IN_GROUP = "onConversationInGroupUpdated"
"""Its data: the name of one group, and all conversations that are in it now."""


class Frame(NamedTuple):
    """What a device is told at once."""

    revision: int
    """The user's revision when the device has taken it in."""

    kind: Literal["snapshot", "change"]
    data: dict[str, Any]


def whole_commands(entries: Sequence[Entry], limit: int) -> Sequence[Entry]:
    """Leave out the last command of entries that were read up to a limit: more of its events may follow."""
    if len(entries) < limit:
        return entries
    last = entries[-1].event.command_id
    return [entry for entry in entries if entry.event.command_id != last]


def snapshot(state: UserConversationGroups) -> Frame:
    """Tell everything: the groups in the user's order, and the grouped conversations, the earliest first."""
    groups = [
        {"groupID": group.group_id, "groupName": group.name, "conversationIDs": list(group.joined)}
        for group in state.groups.values()
    ]
    conversations = _told(state, sorted(state.groups_of, key=state.age))
    data = {"revision": state.revision, "groups": groups, "conversations": conversations}
    return Frame(state.revision, "snapshot", data)


class Telling:
    """Tells a user's devices what happens, from these groups on."""

    def __init__(self, state: UserConversationGroups) -> None:
        self.state = state
        """The groups behind the last frame."""

    def tell(self, events: Iterable[Event]) -> Iterator[Frame]:
        """Tell the next events, one frame a command; of each command all events are among them, or none."""
        for _, recorded in groupby(events, key=attrgetter("command_id")):
            done = list(recorded)
            last = done[-1]
            self.state = replay(self.state, done)
            data = {
                "revision": last.revision,
                "commandID": str(last.command_id),
                "device": last.device,
                "notifications": _notifications(self.state, done),
            }
            yield Frame(last.revision, "change", data)


def _notifications(state: UserConversationGroups, events: Sequence[Event]) -> list[dict[str, Any]]:
    list_changed = False
    concerned: dict[str, None] = {}
    made_or_gone: set[int] = set()
    moved: dict[int, None] = {}
    for event in events:
        match event:
            case ConversationsAdded() | ConversationsRemoved():
                concerned |= dict.fromkeys(event.conversation_ids)
                moved[event.group_id] = None
            case GroupRenamed():
                list_changed = True
                concerned |= dict.fromkeys(state.groups[event.group_id].joined)
            case GroupDeleted():
                list_changed = True
                concerned |= dict.fromkeys(event.conversation_ids)
                made_or_gone.add(event.group_id)
            case GroupCreated():
                list_changed = True
                made_or_gone.add(event.group_id)
            case GroupsReordered():
                list_changed = True
            case _:
                assert_never(event)
    told: list[tuple[str, Any]] = (
        [(GROUP_LIST, [group.name for group in state.groups.values()])] if list_changed else []
    )
    told += [(CONVERSATION_LIST, _told(state, concerned))] if concerned else []
    told += [(IN_GROUP, _content(state, group_id)) for group_id in moved if group_id not in made_or_gone]
    return [{"name": name, "data": data} for name, data in told]


def _content(state: UserConversationGroups, group_id: int) -> dict[str, Any]:
    group = state.groups[group_id]
    return {"groupName": group.name, "conversationList": _told(state, group.joined)}


def _told(state: UserConversationGroups, conversation_ids: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {
            "conversationID": conversation_id,
            "conversationGroupList": [
                state.groups[group_id].name for group_id in state.groups_of.get(conversation_id, ())
            ],
        }
        for conversation_id in conversation_ids
    ]
