"""What the relay writes: an event as a CloudEvent in binary mode, and the position that a transaction reaches. Pure."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from pydantic import Field, TypeAdapter

from adapters.kafka.settings import KafkaSettings
from domain.ports import Entry
from domain.values import Instant, WireModel

TRANSACTION_BYTES: Final = 8 * 1024 * 1024
"""As much as fits into the time of one transaction over a slow line, too."""

_INSTANT: Final[TypeAdapter[Instant]] = TypeAdapter(Instant)


class Record(NamedTuple):
    """One record, before Kafka gave it a partition and an offset."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


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


def transactions(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut a batch into what goes into one transaction each: `TRANSACTION_BYTES`, or one larger event alone."""
    begin = size = 0
    for index, entry in enumerate(entries):
        if size + len(entry.value) > TRANSACTION_BYTES and index > begin:
            yield entries[begin:index]
            begin, size = index, 0
        size += len(entry.value)
    if entries:
        yield entries[begin:]


def digits(position: int) -> str:
    """Give a position the one width in which text sorts as numbers do."""
    return f"{position:020}"


def event_record(settings: KafkaSettings, source: bytes, entry: Entry) -> Record:
    """Give the record of one event; its value is what the log holds, byte for byte.

    `source` is what `source_of` gives for the log.
    """
    event = entry.event
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event.event_id).encode()),
        ("ce_source", source),
        ("ce_type", event.TOPIC.encode()),
        ("ce_subject", event.user_id.encode()),
        ("ce_time", _INSTANT.dump_python(event.recorded_at).encode()),
        ("ce_sdkappid", str(event.sdk_app_id).encode()),
        ("ce_revision", str(event.revision).encode()),
        ("ce_position", digits(entry.position).encode()),
        ("ce_correlationid", event.correlation_id.encode()),
        ("ce_causationid", str(event.causation_id).encode()),
        ("content-type", b"application/json"),
    ]
    if event.traceparent is not None:
        headers.append(("traceparent", event.traceparent.encode()))
    return Record(settings.events_topic, f"{event.sdk_app_id}:{event.user_id}".encode(), entry.value, headers)


def position_record(settings: KafkaSettings, position: Position) -> Record:
    """Give the record of a position."""
    headers = [("partitions", str(position.partitions).encode()), ("topicid", position.topic_id.encode())]
    return Record(settings.positions_topic, settings.relay_id.encode(), position.reached.to_json(), headers)


def source_of(log_id: UUID) -> bytes:
    """Name the log as CloudEvents name a source."""
    return f"/conversation-groups/{log_id}".encode()
