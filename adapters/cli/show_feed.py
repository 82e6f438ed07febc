"""Frames of the live feed as a person reads them: a line for each thing that is, or that changed."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from adapters.cli.callers import Told
from adapters.cli.show import count

MOST_NAMED: Final = 10
"""How many conversations a line names; of a group with a thousand nobody would read them all."""


def lines_of(told: Told) -> Iterator[str]:
    """Say a frame in lines."""
    data = told.data
    if told.kind == "snapshot":
        groups, conversations = len(data["groups"]), len(data["conversations"])
        yield f"revision {data['revision']}: {count(groups, 'group')}, {count(conversations, 'conversation')}"
        for group in data["groups"]:
            yield f"group {group['groupID']} {group['groupName']!r}: {_named(group['conversationIDs'])}"
        return
    device = "" if data["device"] is None else f", {data['device']}"
    for notification in data["notifications"]:
        yield f"revision {data['revision']}{device}: {_change(notification)}"


def _change(notification: dict[str, Any]) -> str:
    data = notification["data"]
    match notification["name"]:
        case "onConversationGroupListUpdated":
            return f"the groups are {_names(data)}" if data else "there are no groups"
        case "onConversationListUpdated":
            return _first([f"{c['conversationID']} is in {_names(c['conversationGroupList'])}" for c in data], "; ")
        case "onConversationInGroupUpdated":
            held = [conversation["conversationID"] for conversation in data["conversationList"]]
            return f"{data['groupName']!r} holds {_named(held)}"
        case later:
            return f"{later}, which this version does not know"


def _named(conversation_ids: Sequence[str]) -> str:
    counted = count(len(conversation_ids), "conversation")
    return f"{counted}: {_first(conversation_ids, ', ')}" if conversation_ids else counted


def _names(groups: Sequence[str]) -> str:
    return ", ".join(map(repr, groups)) or "no group"


def _first(things: Sequence[str], between: str) -> str:
    more = len(things) - MOST_NAMED
    return between.join([*islice(things, MOST_NAMED), *([f"and {more} more"] if more > 0 else [])])
