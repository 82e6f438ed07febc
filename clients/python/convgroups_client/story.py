"""A few events of a few users, for trying a handler."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from convgroups_client.events import TYPES, Event, Place, UnknownEvent

USERS: Final = ("ann", "bob", "产品")
BEGIN: Final = datetime(2026, 11, 22, 10, tzinfo=UTC)
_SOURCE: Final = "/conversation-groups/0f4c3c56-7d40-5a0e-9d5e-1f3d5b0a7c11"

_LIFE: Final[list[tuple[str, dict[str, Any]]]] = [
    ("group-created", {"groupID": 1, "groupName": "Suppliers"}),
    ("conversations-added", {"groupID": 1, "groupName": "Suppliers", "conversationIDs": ["C2Ca", "C2Cb", "GROUPc"]}),
    ("group-created", {"groupID": 2, "groupName": "产品体验"}),
    ("conversations-added", {"groupID": 2, "groupName": "产品体验", "conversationIDs": ["C2Cb"]}),
    ("groups-reordered", {"groupID": 2, "groupName": "产品体验", "order": [2, 1]}),
    (
        "conversations-removed",
        {"groupID": 1, "groupName": "Suppliers", "conversationIDs": ["C2Ca"], "reason": "removed"},
    ),
    ("group-renamed", {"groupID": 1, "oldName": "Suppliers", "groupName": "Vendors"}),
    (
        "conversations-removed",
        {"groupID": 1, "groupName": "Vendors", "conversationIDs": ["GROUPc"], "reason": "evicted"},
    ),
    ("conversations-added", {"groupID": 1, "groupName": "Vendors", "conversationIDs": ["C2Ca"]}),
    ("group-deleted", {"groupID": 2, "groupName": "产品体验", "conversationIDs": ["C2Cb"]}),
]


def story() -> list[Event]:
    """Give what happened, the users taking turns."""
    return list(_told())


def something_new() -> Event:
    """Give an event of a type that nobody knows yet, of a user of its own."""
    event = _event("conversation-groups.group-archived.v1", "dora", 1, 0, {"groupID": 1})
    assert isinstance(event, UnknownEvent)
    return event


def _told() -> Iterator[Event]:
    for number, (name, data) in enumerate(_LIFE):
        for place, user in enumerate(USERS):
            yield _event(f"conversation-groups.{name}.v1", user, number + 1, number * len(USERS) + place, data)


def _event(event_type: str, user: str, revision: int, offset: int, data: dict[str, Any]) -> Event:
    one_id = uuid5(NAMESPACE_OID, f"{user} {revision}")
    fields = {
        "type": event_type,
        "eventID": one_id,
        "sdkAppID": 1400000000,
        "userID": user,
        "revision": revision,
        "recordedAt": BEGIN + timedelta(seconds=offset),
        "actor": user,
        "device": "phone",
        "command": "Told",
        "commandID": one_id,
        "correlationID": str(one_id),
        "causationID": one_id,
        "place": Place("conversation-groups.events.v1", 0, offset, _SOURCE, f"{offset + 1:020}"),
        **data,
    }
    known = TYPES.get(event_type)
    return known.model_validate(fields) if known else UnknownEvent.model_validate({**fields, "data": data})
