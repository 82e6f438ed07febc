"""Whether a position that is found in Kafka stands for this log, and for the topic as it is."""

from uuid import UUID

from adapters.kafka.client.cluster import Topic
from adapters.kafka.records import Position, Reached, digits
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from domain.ports import EventLog

_ANEW = "to publish the whole log to new topics, set another CONVGROUPS_KAFKA_TOPIC_PREFIX"


def reached_at(log: EventLog, log_id: UUID, position: int) -> Reached:
    """Say that this position of the log is reached; raises `RelayRefused` for one that the log does not have."""
    if position == 0:
        return Reached(log_id=log_id, position=digits(0), event_id=None)
    head = log.head()
    entries = log.read(position - 1, 1) if 0 < position <= head else ()
    if not entries or entries[0].position != position:
        raise RelayRefused(f"The log has no position {position}; it goes from 1 to {head}, and 0 is before its first.")
    return Reached(log_id=log_id, position=digits(position), event_id=entries[0].event.event_id)


def check_agreement(found: Position, log: EventLog, log_id: UUID, events: Topic, settings: KafkaSettings) -> int:
    """Give the position found, if going on behind it publishes every event once; raises `RelayRefused` otherwise."""
    topic, reached = settings.events_topic, found.reached
    position, head = int(reached.position), log.head()
    if reached.log_id != log_id:
        raise RelayRefused(
            f"{topic} was published up to position {position} of the log {reached.log_id}. This is the log {log_id}, "
            f"which ends at {head}: a restored backup, or another database. If you know the position up to which this "
            f"log is published there, say so with `convgroups relay-from POSITION`; {_ANEW}."
        )
    if position > head:
        raise RelayRefused(
            f"{topic} was published up to position {position}, and the log ends at {head}: an older state of the "
            "database was put back. Give the log a new ID with `convgroups new-log-id`, and let the relay go on behind "
            f"what is left with `convgroups relay-from {head}`; or, {_ANEW}."
        )
    if reached != (here := reached_at(log, log_id, position)):
        raise RelayRefused(
            f"At position {position} the event {reached.event_id} was published to {topic}, and the log has the event "
            f"{here.event_id} there: the log was changed after it was published. Give it a new ID with `convgroups "
            "new-log-id`, and say up to which position it is already published with `convgroups relay-from POSITION`; "
            f"or, {_ANEW}."
        )
    if found.topic_id != events.topic_id:
        raise RelayRefused(
            f"{topic} was deleted and made anew since position {position} was published to it. Publish from the "
            f"beginning with `convgroups relay-from 0`, or go on behind it with `convgroups relay-from {position}`."
        )
    if found.partitions != events.partitions:
        raise RelayRefused(
            f"{topic} had {found.partitions} partitions when position {position} was published, and has "
            f"{events.partitions} now, so that a user's later events go to another partition than the earlier ones. "
            f"To accept that, use `convgroups relay-from {position}`; {_ANEW}."
        )
    return position
