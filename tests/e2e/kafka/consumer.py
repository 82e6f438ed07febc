"""A consumer as anybody would write it: plain kafka-python, read-committed, nothing of the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from time import monotonic

from kafka import KafkaConsumer, TopicPartition

PATIENCE = 30.0


@dataclass(frozen=True)
class Message:
    """One record as a consumer sees it."""

    partition: int
    offset: int
    key: str
    value: bytes
    headers: list[tuple[str, bytes]]

    @property
    def position(self) -> int:
        return int(dict(self.headers)["ce_position"])


def read_all(bootstrap: str, topic: str) -> list[Message]:
    """Read every committed record up to the high watermark, waiting for what is just being committed.

    A topic that is not there yet has none.
    """
    ends = _high_watermarks(bootstrap, topic)
    if not ends:
        return []
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        fetch_max_wait_ms=50,
    )
    try:
        consumer.assign(list(ends))
        consumer.seek_to_beginning()
        messages: list[Message] = []
        deadline = monotonic() + PATIENCE
        while any(consumer.position(place) < end for place, end in ends.items()):
            assert monotonic() < deadline, f"an open transaction keeps {topic} from being read"
            for place, records in consumer.poll(timeout_ms=50).items():
                messages += [Message(place.partition, r.offset, r.key.decode(), r.value, r.headers) for r in records]
        return messages
    finally:
        consumer.close()


def positions(bootstrap: str, prefix: str) -> list[int]:
    """Read which positions of the log a consumer of the events topic sees, in the order of the positions."""
    return sorted(message.position for message in read_all(bootstrap, f"{prefix}.events.v1"))


def up_to(position: int) -> list[int]:
    """Give what `positions` answers when every event up to `position` is there exactly once."""
    return list(range(1, position + 1))


def in_order(messages: Sequence[Message]) -> bool:
    """Tell whether each user's events stand in one partition, one after the other from revision 1 without a gap."""
    expected: dict[str, count[int]] = {}
    places: dict[str, int] = {}
    for message in sorted(messages, key=lambda message: (message.partition, message.offset)):
        revision = int(dict(message.headers)["ce_revision"])
        if places.setdefault(message.key, message.partition) != message.partition:
            return False
        if next(expected.setdefault(message.key, count(1))) != revision:
            return False
    return True


def assert_every_event_is_there_once(bootstrap: str, topic: str, head: int) -> None:
    """See that a consumer reads every event up to the head of the log once, and each user's in order."""
    messages = read_all(bootstrap, topic)
    assert sorted(message.position for message in messages) == up_to(head)
    assert in_order(messages)


def _high_watermarks(bootstrap: str, topic: str) -> dict[TopicPartition, int]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, allow_auto_create_topics=False)
    try:
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        ends: dict[TopicPartition, int] = consumer.end_offsets(places)
        return ends
    finally:
        consumer.close()
