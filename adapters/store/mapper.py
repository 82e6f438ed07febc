"""Events to and from the JSON that the log keeps."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, Notification, StoredEvent
from pydantic import ValidationError

from domain.events import EVENT_TYPES, Event
from domain.ports import CannotGoOn, Entry


class UnreadableEvent(CannotGoOn):
    """The log holds an event that this version of the service cannot read; it is never stepped over."""


class EventMapper(Mapper[UUID]):
    """Maps by the explicit topics of `EVENT_TYPES`, never by Python paths, so that code may move."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Give what the log keeps of an event."""
        event = cast("Event", domain_event)
        return StoredEvent(event.originator_id, event.originator_version, event.TOPIC, event.to_json())

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Load an event; raises `UnreadableEvent`."""
        try:
            return EVENT_TYPES[stored_event.topic].model_validate_json(stored_event.state)
        except (KeyError, ValidationError) as error:
            raise UnreadableEvent(
                f"Stream {stored_event.originator_id}, revision {stored_event.originator_version}, "
                f"type {stored_event.topic!r}: {error}. A newer version of the service may have written it."
            ) from error

    def to_entry(self, notification: Notification) -> Entry:
        """Load an entry of the log; raises `UnreadableEvent`."""
        return Entry(notification.id, self.to_domain_event(notification), notification.state)

    def to_entries(self, notifications: Iterable[Notification]) -> list[Entry]:
        """Load entries up to one that cannot be read: what stands before it can still be handled.

        Raises `UnreadableEvent` where that is the first.
        """
        entries: list[Entry] = []
        for notification in notifications:
            try:
                entries.append(self.to_entry(notification))
            except UnreadableEvent:
                if not entries:
                    raise
                break
        return entries
