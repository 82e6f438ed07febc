"""A consumer as anybody may write it: plain kafka-python, nothing of the service.

It knows of the topic what its documentation says, and no more.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

PATIENCE = 40.0


class Change(NamedTuple):
    """One record of the events topic."""

    partition: int
    offset: int
    key: str
    value: bytes
    headers: list[tuple[str, bytes]]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.value)
        return event


Enough = Callable[[Sequence[Change]], bool]


def events(count: int) -> Enough:
    """So many events."""
    return lambda changes: len(changes) >= count


def revisions(wanted: Mapping[str, int]) -> Enough:
    """These users' events, up to these revisions."""

    def enough(changes: Sequence[Change]) -> bool:
        reached: Counter[str] = Counter()
        for change in changes:
            reached[change.event["userID"]] = max(reached[change.event["userID"]], change.event["revision"])
        return all(reached[user] >= revision for user, revision in wanted.items())

    return enough


def read_changes(bootstrap: str, topic: str, enough: Enough, isolation_level: str = "read_committed") -> list[Change]:
    """Read from the beginning until there are `enough`, and on to what is the end then: doubles do not hide there."""
    changes: list[Change] = []
    end: dict[TopicPartition, int] | None = None
    deadline = monotonic() + PATIENCE
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        isolation_level=isolation_level,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        metadata_max_age_ms=500,  # the topic may yet have to be made
        fetch_max_wait_ms=50,
    )
    try:
        while end is None or any(consumer.position(place) < offset for place, offset in end.items()):
            assert monotonic() < deadline, f"{topic} has {len(changes)} records after {PATIENCE:.0f} s, not enough"
            for place, records in consumer.poll(timeout_ms=100).items():
                changes += [Change(place.partition, r.offset, r.key.decode(), r.value, r.headers) for r in records]
            if end is None and enough(changes):
                end = consumer.end_offsets(consumer.assignment())
        return changes
    finally:
        consumer.close()
