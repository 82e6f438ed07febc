"""`eventsourcing`'s mapper, for whoever opens the log with that library: what is stored is decided in the domain."""

from typing import cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent

from domain.events import Event
from domain.stored import Stored, load, store


class EventMapper(Mapper[UUID]):
    """Maps by the explicit topics of `domain.events.EVENT_TYPES`."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Give what the log keeps of an event."""
        event = cast("Event", domain_event)
        return StoredEvent(*store(event, event.originator_id))

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Load an event; raises `UnreadableEvent`."""
        stream = cast("UUID", stored_event.originator_id)
        return load(Stored(stream, stored_event.originator_version, stored_event.topic, stored_event.state))
