"""Beginning with how it is now: the groups topic up to a moment, and where the events go on behind it."""

from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition

from convgroups_client.errors import BootstrapError
from convgroups_client.groups import Assembly, UserGroups

PATIENCE: Final = 60.0
"""Seconds without a record until reading is given up."""

LONGEST: Final = 960.0
"""Seconds that a transaction may take in which the topic is made, and some more."""

LOOK_AGAIN: Final = 0.5


class Begin(NamedTuple):
    """Everybody's groups in a partition, and where its events go on."""

    users: list[UserGroups]
    offset: int
    """From here on an event is to be read; those not above their user's revision are in the groups already."""

    caught_up: int
    """From this offset on no event is in the groups."""


def begin(options: Mapping[str, Any], prefix: str, partition: int, cancelled: Callable[[], bool]) -> Begin:
    """Read the groups of a partition; raises `BootstrapError`."""
    events = TopicPartition(f"{prefix}.events.v1", partition)
    groups = TopicPartition(f"{prefix}.groups.v1", partition)
    common = {**options, "group_id": None, "enable_auto_commit": False, "auto_offset_reset": "earliest"}
    committed = KafkaConsumer(**common, isolation_level="read_committed")
    uncommitted = KafkaConsumer(**common, isolation_level="read_uncommitted")
    try:
        deadline = monotonic() + PATIENCE
        while True:
            # In this order: what is committed before `offset` had its groups written before `written`. And up to an end
            # that a read-committed reader sees: any other may lie between two records of one transaction.
            offset = committed.end_offsets([events])[events]
            written = uncommitted.end_offsets([groups])[groups]
            end = _committed_end(committed, groups, written, cancelled)
            assembly = Assembly()
            for record in _records(committed, groups, end, cancelled):
                assembly.take(record.key, record.value)
            users = assembly.users()
            if users or not any(True for _ in _records(committed, events, offset, cancelled)):
                return Begin(users, offset, uncommitted.end_offsets([events])[events])
            if monotonic() > deadline:
                raise BootstrapError(
                    f"{groups.topic} is empty, and {events.topic} is not: the service makes it when its relay begins. "
                    "See that a service of this release runs there, and what its /readyz says of the relay."
                )
            sleep(LOOK_AGAIN)
    finally:
        committed.close()
        uncommitted.close()


def _committed_end(committed: Any, place: TopicPartition, written: int, cancelled: Callable[[], bool]) -> int:
    """Wait until all that is written before an offset is decided; give where a read-committed reader ends then."""
    deadline = monotonic() + LONGEST
    while (end := committed.end_offsets([place])[place]) < written:
        if cancelled():
            raise BootstrapError("The partition was taken away while its groups were read.")
        if monotonic() > deadline:
            raise BootstrapError(f"{place.topic} is not decided up to offset {written}: a transaction is open there.")
        sleep(0.02)
    return int(end)


def _records(consumer: Any, place: TopicPartition, end: int, cancelled: Callable[[], bool]) -> Any:
    """Give the records of a partition before an offset, waiting for transactions that are open."""
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    deadline = monotonic() + PATIENCE
    while consumer.position(place) < end:
        for record in consumer.poll(timeout_ms=200).get(place, ()):
            deadline = monotonic() + PATIENCE
            if record.offset < end:
                yield record
        if cancelled():
            raise BootstrapError("The partition was taken away while its groups were read.")
        if monotonic() > deadline:
            raise BootstrapError(f"{place.topic} could not be read up to offset {end}: a transaction is open there.")
