"""What happened: the events of the topic `<prefix>.events.v1`, typed."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict

_NAMES: Final = {"id": "ID", "ids": "IDs"}


def _wire_name(field: str) -> str:
    first, *others = field.split("_")
    return first + "".join(_NAMES.get(word, word.capitalize()) for word in others)


class Place(NamedTuple):
    """Where an event was read."""

    topic: str
    partition: int
    offset: int
    """-1 where it was read from the parked events."""

    source: str
    """The log, as `/conversation-groups/<logID>`: another one after the service's database was restored."""

    position: str
    """Its place in that log: 20 digits, compared as text."""


class BaseEvent(BaseModel):
    """Who changed what, when and by which command. Fields that are not known are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=_wire_name, validate_by_name=True)

    type: str
    """As `conversation-groups.group-created.v1`."""

    event_id: UUID
    sdk_app_id: int
    user_id: str
    revision: int
    """Counts the events of one user of one app, from 1 and without a gap."""

    recorded_at: datetime
    actor: str
    device: str | None = None
    command: str
    command_id: UUID
    correlation_id: str
    causation_id: UUID
    traceparent: str | None = None
    """The W3C trace context of the request, where it had one: hand it on with what you do."""

    place: Place

    @property
    def user(self) -> str:
        """Name the user across apps: the key of the record, `<sdkAppID>:<userID>`."""
        return f"{self.sdk_app_id}:{self.user_id}"


class GroupCreated(BaseEvent):
    """A group is there, empty and last in the list."""

    group_id: int
    group_name: str


class GroupRenamed(BaseEvent):
    """A group has another name."""

    group_id: int
    old_name: str
    group_name: str


class GroupDeleted(BaseEvent):
    """A group is gone, and these conversations are no longer in it."""

    group_id: int
    group_name: str
    conversation_ids: tuple[str, ...]


class ConversationsAdded(BaseEvent):
    """Conversations that were not in a group are in it, in this order after those it had."""

    group_id: int
    group_name: str
    conversation_ids: tuple[str, ...]


class ConversationsRemoved(BaseEvent):
    """Conversations that were in a group are not in it any more."""

    group_id: int
    group_name: str
    conversation_ids: tuple[str, ...]
    reason: str
    """`removed` by the command itself, or `evicted` to make room; another one may come."""


class GroupsReordered(BaseEvent):
    """One group was moved, and this is the order of all."""

    group_id: int
    group_name: str
    order: tuple[int, ...]


class UnknownEvent(BaseEvent):
    """An event of a type that came after this release: `data` is all of its JSON."""

    data: dict[str, Any]


Event = (
    GroupCreated
    | GroupRenamed
    | GroupDeleted
    | ConversationsAdded
    | ConversationsRemoved
    | GroupsReordered
    | UnknownEvent
)

TYPES: Final[dict[str, type[Event]]] = {
    "conversation-groups.group-created.v1": GroupCreated,
    "conversation-groups.group-renamed.v1": GroupRenamed,
    "conversation-groups.group-deleted.v1": GroupDeleted,
    "conversation-groups.conversations-added.v1": ConversationsAdded,
    "conversation-groups.conversations-removed.v1": ConversationsRemoved,
    "conversation-groups.groups-reordered.v1": GroupsReordered,
}
"""Every type that is known, by its name."""
