"""An event as the log keeps it: a stream, a revision, a type and JSON."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from domain.changes import CHANGE_TYPES, Change
from domain.events import EVENT_TYPES, Event
from domain.values import WireModel


class CannotGoOn(Exception):  # noqa: N818 - a state that a person ends
    """Something in the log, or in what is made from it, must not be stepped over; the message says what to do."""


class UnreadableEvent(CannotGoOn):
    """The log holds an event that this version of the service cannot read; it is never stepped over."""


class Stored(NamedTuple):
    """One event, not yet at a place in the log."""

    stream: UUID
    revision: int
    topic: str
    value: bytes
    """The event's JSON: as it was recorded, with whatever this version of the service does not know."""


def store(event: Event, stream: UUID) -> Stored:
    """Give what the log keeps of an event of this stream."""
    return Stored(stream, event.revision, event.TOPIC, event.to_json())


def load(stored: Stored) -> Event:
    """Load an event: by its explicit topic, so that code may move; raises `UnreadableEvent`."""
    return _read(stored, EVENT_TYPES)  # type: ignore[return-value]


def load_change(stored: Stored) -> Change:
    """Load what an event changed; raises `UnreadableEvent`."""
    return _read(stored, CHANGE_TYPES)  # type: ignore[return-value]


def _read(stored: Stored, types: Mapping[str, type[WireModel]]) -> WireModel:
    try:
        return types[stored.topic].__pydantic_validator__.validate_json(stored.value)  # type: ignore[no-any-return]
    except (KeyError, ValidationError) as error:
        raise UnreadableEvent(
            f"Stream {stored.stream}, revision {stored.revision}, type {stored.topic!r}: {error}. A newer version of "
            "the service may have written it."
        ) from error
