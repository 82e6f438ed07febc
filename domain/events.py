"""What is recorded: one flat JSON an event, the same in the log, in Kafka and in the history.

A published topic never changes its meaning. Loading checks types, tolerates fields it does not know, and applies no
rule, so that history always loads whatever the rules have become.
"""

from datetime import datetime
from typing import Any, Final, TypedDict, TypeVar
from uuid import UUID

from pydantic import ConfigDict

from domain.changes import Addition, Creation, Deletion, Removal, Renaming, Reordering
from domain.ids import derived_id
from domain.values import Instant, WireModel, stream_id

E = TypeVar("E", bound="BaseEvent")


class BaseEvent(WireModel):
    """Who changed what, when and by which command."""

    model_config = ConfigDict(extra="ignore")

    event_id: UUID
    sdk_app_id: int
    user_id: str
    revision: int
    recorded_at: Instant
    actor: str
    device: str | None = None
    command: str
    command_id: UUID
    correlation_id: str
    causation_id: UUID
    traceparent: str | None = None

    @property
    def originator_id(self) -> UUID:
        """The stream, as `eventsourcing` names it."""
        return stream_id(self.sdk_app_id, self.user_id)

    @property
    def originator_version(self) -> int:
        """The revision, as `eventsourcing` names it."""
        return self.revision


class GroupCreated(Creation, BaseEvent):
    """A group is there, empty and last in the list."""


class GroupRenamed(Renaming, BaseEvent):
    """A group has another name."""


class GroupDeleted(Deletion, BaseEvent):
    """A group is gone, and these conversations are no longer in it."""


class ConversationsAdded(Addition, BaseEvent):
    """Conversations that were not in a group are in it, in this order after those it had."""


class ConversationsRemoved(Removal, BaseEvent):
    """Conversations that were in a group are not in it any more."""


class GroupsReordered(Reordering, BaseEvent):
    """One group was moved, and this is the order of all."""


Event = GroupCreated | GroupRenamed | GroupDeleted | ConversationsAdded | ConversationsRemoved | GroupsReordered

EVENT_TYPES: Final[dict[str, type[Event]]] = {
    event_type.TOPIC: event_type
    for event_type in (
        GroupCreated,
        GroupRenamed,
        GroupDeleted,
        ConversationsAdded,
        ConversationsRemoved,
        GroupsReordered,
    )
}
"""Every event ever published, by its topic."""


class Stamp(TypedDict):
    """What all events of one command have in common."""

    sdk_app_id: int
    user_id: str
    recorded_at: datetime
    actor: str
    device: str | None
    command: str
    command_id: UUID
    correlation_id: str
    traceparent: str | None


def make(event_type: type[E], stamp: Stamp, revision: int, data: dict[str, Any]) -> E:
    """Make the event of this revision; its ID follows from command and revision, so that deciding stays pure."""
    command_id = stamp["command_id"]
    event_id = derived_id(command_id, str(revision))
    return event_type.__pydantic_validator__.validate_python(  # type: ignore[no-any-return]
        {"event_id": event_id, "revision": revision, "causation_id": command_id, **stamp, **data}
    )
