"""Consumers of conversation-groups: typed events, each user's in order, once, from the first group on."""

from convgroups_client.consumer import Consumer
from convgroups_client.errors import BootstrapError, ConsumerError, GapError, OtherLogError
from convgroups_client.events import (
    ConversationsAdded,
    ConversationsRemoved,
    Event,
    GroupCreated,
    GroupDeleted,
    GroupRenamed,
    GroupsReordered,
    Place,
    UnknownEvent,
)
from convgroups_client.groups import Group, UserGroups
from convgroups_client.ledger import Ledger
from convgroups_client.metrics import Metrics
from convgroups_client.work import Pauses

__all__ = [
    "BootstrapError",
    "Consumer",
    "ConsumerError",
    "ConversationsAdded",
    "ConversationsRemoved",
    "Event",
    "GapError",
    "Group",
    "GroupCreated",
    "GroupDeleted",
    "GroupRenamed",
    "GroupsReordered",
    "Ledger",
    "Metrics",
    "OtherLogError",
    "Pauses",
    "Place",
    "UnknownEvent",
    "UserGroups",
]
