"""Records of Kafka as events, and back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from convgroups_client.events import TYPES, Event, Place, UnknownEvent

EXACT = ("ce_type", "ce_source", "ce_position")


class Received(NamedTuple):
    """A record of the events topic, as far as a consumer needs it; what is parked is kept so, too."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]

    @property
    def revision(self) -> int:
        """The user's revision."""
        return int(self.headers["ce_revision"])

    def event(self) -> Event:
        """Read the event; raises `ValueError` for one that breaks the contract."""
        event_type, source, position = (self.headers[name] for name in EXACT)
        place = Place(self.topic, self.partition, self.offset, source, position)
        data = json.loads(self.value)
        known = TYPES.get(event_type)
        if known is None:
            return UnknownEvent.model_validate({**data, "type": event_type, "place": place, "data": data})
        return known.model_validate({**data, "type": event_type, "place": place})


def received(record: Any) -> Received:
    """Take over a record as kafka-python gives it."""
    headers = {name: value.decode() for name, value in record.headers if value is not None}
    return Received(record.topic, record.partition, record.offset, record.key.decode(), record.value, headers)


def wire_headers(headers: Mapping[str, str]) -> Sequence[tuple[str, bytes]]:
    """Give headers as kafka-python takes them."""
    return [(name, value.encode()) for name, value in headers.items()]
