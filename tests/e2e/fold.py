"""What a user's groups must be after these events: a fold on plain dictionaries, written apart from the service."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.e2e.user import User


class Groups(NamedTuple):
    """One user's groups as they can be read."""

    revision: int
    groups: list[tuple[int, str, list[str]]]
    """ID, name and conversations of each, all in the order in which they are listed."""

    group_names: dict[str, list[str]]
    """For each conversation the names of its groups, in the order it joined them."""


def fold(events: Iterable[dict[str, Any]]) -> Groups:
    """Apply events one after the other; they must follow each other without a gap."""
    revision = 0
    names: dict[int, str] = {}  # in the order of the list
    joins: list[tuple[str, int]] = []
    for event in events:
        assert event["revision"] == revision + 1, f"revision {event['revision']} follows {revision}"
        revision, group = event["revision"], event["groupID"]
        if "order" in event:
            assert sorted(event["order"]) == sorted(names)
            names = {moved: names[moved] for moved in event["order"]}
        elif "conversationIDs" not in event:  # created or renamed
            names[group] = event["groupName"]
        elif event["command"] == "DeleteGroup":
            assert sorted(event["conversationIDs"]) == sorted(key for key, into in joins if into == group)
            joins = [join for join in joins if join[1] != group]
            del names[group]
        elif "reason" in event:
            joins = [join for join in joins if join[1] != group or join[0] not in event["conversationIDs"]]
        else:
            joins += [(key, group) for key in event["conversationIDs"]]
            assert len(joins) == len(set(joins)), "a conversation was added to a group that had it"
    return Groups(
        revision,
        [(group, name, [key for key, into in joins if into == group]) for group, name in names.items()],
        {key: [names[group] for joined, group in joins if joined == key] for key, _ in joins},
    )


def read(user: User) -> Groups:
    """Ask the service for the same, by all its reads."""
    listed = user.ask("groups")
    details = [user.ask(f"groups/{group['groupID']}") for group in listed["groups"]]
    for summary, detail in zip(listed["groups"], details, strict=True):
        assert summary.items() <= detail.items()
        assert detail["conversationCount"] == len(detail["conversationIDs"])
        assert detail["conversationIDs"] == user.conversations_in(detail["groupName"])
    grouped = user.ask("conversations", limit=1000)["conversations"]
    return Groups(
        listed["revision"],
        [(detail["groupID"], detail["groupName"], detail["conversationIDs"]) for detail in details],
        {row["conversationID"]: row["conversationGroupList"] for row in grouped},
    )
