"""One user's groups as JSON, so that a long history need not be read whole. What is in it follows from the events."""

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from domain.groups import Group, UserConversationGroups

VERSION: Final = 1
"""Raised with every change of the JSON: a snapshot of another version is passed over, and the events are read."""

_Groups = list[tuple[int, str, list[tuple[str, int]]]]
_FORM: Final[TypeAdapter[tuple[int, datetime, int, int, _Groups]]] = TypeAdapter(
    tuple[int, datetime, int, int, _Groups]
)


def to_snapshot(state: UserConversationGroups) -> bytes:
    """Give the JSON of the groups."""
    groups = [(group.group_id, group.name, list(group.joined.items())) for group in state.groups.values()]
    return _FORM.dump_json((state.revision, state.recorded_at, state.last_group_id, state.joins, groups))


def from_snapshot(snapshot: bytes) -> UserConversationGroups | None:
    """Give the groups that `to_snapshot` was given; None for what it did not make."""
    try:
        revision, recorded_at, last_group_id, joins, rows = _FORM.validate_json(snapshot)
    except ValidationError:
        return None
    groups = {group_id: Group(group_id, name, dict(joined)) for group_id, name, joined in rows}
    joined = sorted((n, key, group.group_id) for group in groups.values() for key, n in group.joined.items())
    groups_of: dict[str, tuple[int, ...]] = {}
    for _, conversation_id, group_id in joined:
        groups_of[conversation_id] = (*groups_of.get(conversation_id, ()), group_id)
    return UserConversationGroups(revision, recorded_at, groups, groups_of, last_group_id, joins)
