"""What events change, without who, when and why: all that folding needs, and read in half the time."""

from typing import ClassVar, Final, Literal

from pydantic import ConfigDict

from domain.values import Instant, WireModel


class BaseChange(WireModel):
    """A part of an event: reading one passes over the rest."""

    model_config = ConfigDict(extra="ignore")

    TOPIC: ClassVar[str]

    revision: int
    recorded_at: Instant


class Creation(BaseChange):
    """See `domain.events.GroupCreated`."""

    TOPIC = "conversation-groups.group-created.v1"

    group_id: int
    group_name: str


class Renaming(BaseChange):
    """See `domain.events.GroupRenamed`."""

    TOPIC = "conversation-groups.group-renamed.v1"

    group_id: int
    old_name: str
    group_name: str


class Deletion(BaseChange):
    """See `domain.events.GroupDeleted`."""

    TOPIC = "conversation-groups.group-deleted.v1"

    group_id: int
    group_name: str
    conversation_ids: tuple[str, ...]


class Addition(BaseChange):
    """See `domain.events.ConversationsAdded`."""

    TOPIC = "conversation-groups.conversations-added.v1"

    group_id: int
    group_name: str
    conversation_ids: tuple[str, ...]


class Removal(BaseChange):
    """See `domain.events.ConversationsRemoved`."""

    TOPIC = "conversation-groups.conversations-removed.v1"

    group_id: int
    group_name: str
    conversation_ids: tuple[str, ...]
    reason: Literal["removed", "evicted"]
    """`removed` by the command itself, or `evicted` to make room under the app's limit."""


class Reordering(BaseChange):
    """See `domain.events.GroupsReordered`."""

    TOPIC = "conversation-groups.groups-reordered.v1"

    group_id: int
    group_name: str
    order: tuple[int, ...]


Change = Creation | Renaming | Deletion | Addition | Removal | Reordering

CHANGE_TYPES: Final[dict[str, type[Change]]] = {
    change_type.TOPIC: change_type for change_type in (Creation, Renaming, Deletion, Addition, Removal, Reordering)
}
"""What each event ever published changes, by the event's topic."""
