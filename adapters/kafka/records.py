"""What the relay writes: events as CloudEvents in binary mode, the groups as they are, the position reached. Pure."""

from functools import lru_cache
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from pydantic import Field, TypeAdapter

from adapters.kafka.client.wire import (
    NO_HEADERS,
    Record,
    header,
    header_of_length,
    headers,
    partition_of,
)
from adapters.kafka.settings import KafkaSettings
from domain.events import EVENT_TYPES
from domain.ports import Entry
from domain.values import Instant, WireModel
from projections.group_records import Changed

_INSTANT: Final[TypeAdapter[Instant]] = TypeAdapter(Instant)

_SPEC = header("ce_specversion", b"1.0")
_ID = header_of_length("ce_id", 36)
_TYPES = {topic: header("ce_type", topic.encode()) for topic in EVENT_TYPES}
_TIME = header_of_length("ce_time", 27)
_POSITION = header_of_length("ce_position", 20)
_CAUSATION = header_of_length("ce_causationid", 36)
_JSON = header("content-type", b"application/json")


class Reached(WireModel):
    """How far a log has been published. Written in the same transaction as the last event that it stands for."""

    log_id: UUID
    position: Annotated[str, Field(pattern=r"^[0-9]{20}$")]
    """As in the header `ce_position`; compared as text, within one log only."""

    event_id: UUID | None
    """The event at that position; None at position 0, before the first."""


class Position(NamedTuple):
    """What a position record says."""

    reached: Reached
    topic_id: str
    """The events topic that it speaks of, by Kafka's own name."""

    partitions: int
    """How many partitions that topic had."""

    groups_topic_id: str | None
    """The groups topic that holds all groups as they are there; None where none does, and one is to be made."""


class _User(NamedTuple):
    """What all records of one user have in common."""

    key: bytes
    partition: int
    subject: bytes
    app: bytes


def digits(position: int) -> str:
    """Give a position the one width in which text sorts as numbers do."""
    return f"{position:020}"


def event_record(settings: KafkaSettings, source: bytes, entry: Entry) -> Record:
    """Give the record of one event; its value is what the log holds, byte for byte.

    `source` is what `source_of` gives for the log.
    """
    event = entry.event
    user = _user(event.sdk_app_id, event.user_id, settings.partitions)
    written = [
        _SPEC,
        _ID + str(event.event_id).encode(),
        source,
        _TYPES[event.TOPIC],
        user.subject,
        _TIME + _INSTANT.serializer.to_python(event.recorded_at).encode(),
        user.app,
        header("ce_revision", str(event.revision).encode()),
        _POSITION + digits(entry.position).encode(),
        header("ce_correlationid", event.correlation_id.encode()),
        _CAUSATION + str(event.causation_id).encode(),
        _JSON,
    ]
    if event.traceparent is not None:
        written.append(header("traceparent", event.traceparent.encode()))
    return Record(settings.events_topic, user.partition, user.key, entry.value, headers(*written))


def group_record(settings: KafkaSettings, changed: Changed) -> Record:
    """Give the record of one group, or of the order of a user's groups, beside the user's events."""
    user = _user(changed.sdk_app_id, changed.user_id, settings.partitions)
    key = f"{changed.sdk_app_id}:{changed.number}:{changed.user_id}".encode()
    return Record(settings.groups_topic, user.partition, key, changed.value, NO_HEADERS)


def position_record(settings: KafkaSettings, position: Position) -> Record:
    """Give the record of a position."""
    written = [
        header("partitions", str(position.partitions).encode()),
        header("topicid", position.topic_id.encode()),
    ]
    if position.groups_topic_id is not None:
        written.append(header("groupstopicid", position.groups_topic_id.encode()))
    key = settings.relay_id.encode()
    return Record(settings.positions_topic, 0, key, position.reached.to_json(), headers(*written))


def source_of(log_id: UUID) -> bytes:
    """Give the header that names the log as CloudEvents name a source."""
    return header("ce_source", f"/conversation-groups/{log_id}".encode())


@lru_cache(maxsize=65_536)
def _user(sdk_app_id: int, user_id: str, partitions: int) -> _User:
    key = f"{sdk_app_id}:{user_id}".encode()
    subject, app = header("ce_subject", user_id.encode()), header("ce_sdkappid", str(sdk_app_id).encode())
    return _User(key, partition_of(key, partitions), subject, app)
