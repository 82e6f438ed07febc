"""The changes that tests expect, in few words."""

from domain.events import (
    ConversationsAdded,
    ConversationsRemoved,
    GroupCreated,
    GroupDeleted,
    GroupRenamed,
    GroupsReordered,
)
from tests.unit.domain.scenario import Change


def created(group_id: int, group_name: str) -> Change:
    return Change(GroupCreated, {"group_id": group_id, "group_name": group_name})


def renamed(group_id: int, old_name: str, group_name: str) -> Change:
    return Change(GroupRenamed, {"group_id": group_id, "old_name": old_name, "group_name": group_name})


def deleted(group_id: int, group_name: str, *conversation_ids: str) -> Change:
    data = {"group_id": group_id, "group_name": group_name, "conversation_ids": conversation_ids}
    return Change(GroupDeleted, data)


def added(group_id: int, group_name: str, *conversation_ids: str) -> Change:
    data = {"group_id": group_id, "group_name": group_name, "conversation_ids": conversation_ids}
    return Change(ConversationsAdded, data)


def removed(group_id: int, group_name: str, *conversation_ids: str, reason: str = "removed") -> Change:
    data = {"group_id": group_id, "group_name": group_name, "conversation_ids": conversation_ids, "reason": reason}
    return Change(ConversationsRemoved, data)


def evicted(group_id: int, group_name: str, *conversation_ids: str) -> Change:
    return removed(group_id, group_name, *conversation_ids, reason="evicted")


def reordered(group_id: int, group_name: str, *order: int) -> Change:
    return Change(GroupsReordered, {"group_id": group_id, "group_name": group_name, "order": order})
