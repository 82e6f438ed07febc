"""Events that a handler could not take, in a topic of the consumer group's own, until somebody has them tried again.

The topic is compacted, and has the partitions of the events topic: whoever gets a partition reads first what is parked
there. A record's key is `<sdkAppID>:<revision>:<userID>`, its value and headers are the event's, with the reason.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, errors

from convgroups_client.records import Received, received, wire_headers

REASON: Final = "parked_reason"
PATIENCE: Final = 30.0
"""Seconds until Kafka must have taken or given a record."""

Outstanding = dict[str, list[Received]]
"""For each user who is parked the events, in order."""


class Parked:
    """The topic, of which this consumer writes the partitions that it has."""

    def __init__(self, topic: str, partitions: int, options: Mapping[str, Any]) -> None:
        self.topic = topic
        self._options = options
        self._make(partitions)
        self._producer = KafkaProducer(**options, acks="all", enable_idempotence=True)

    def put(self, event: Received, reason: str) -> None:
        """Park an event behind those of the same user that are parked already."""
        headers = {**event.headers, REASON: reason[:1000]}
        self._write(event, event.value, headers)

    def drop(self, event: Received) -> None:
        """Take an event out again."""
        self._write(event, None, {})

    def read(self, partition: int) -> Outstanding:
        """Give what is parked in a partition."""
        place = TopicPartition(self.topic, partition)
        newest: dict[bytes, Received | None] = {}
        consumer = KafkaConsumer(**self._options, group_id=None, enable_auto_commit=False)
        try:
            consumer.assign([place])
            end = consumer.end_offsets([place])[place]
            consumer.seek_to_beginning(place)
            deadline = monotonic() + PATIENCE
            while consumer.position(place) < end:
                for record in consumer.poll(timeout_ms=100).get(place, ()):
                    newest[record.key] = None if record.value is None else _unparked(record)
                    deadline = monotonic() + PATIENCE
                if monotonic() > deadline:
                    raise errors.KafkaTimeoutError(f"{self.topic} could not be read in {PATIENCE:.0f} s")
        finally:
            consumer.close()
        outstanding: Outstanding = {}
        for event in sorted((one for one in newest.values() if one is not None), key=lambda one: one.revision):
            outstanding.setdefault(event.key, []).append(event)
        return outstanding

    def close(self) -> None:
        """Let go of Kafka."""
        self._producer.close(timeout=PATIENCE)

    def _write(self, event: Received, value: bytes | None, headers: Mapping[str, str]) -> None:
        app, _, user_id = event.key.partition(":")
        key = f"{app}:{event.revision}:{user_id}".encode()
        sent = self._producer.send(self.topic, value, key, wire_headers(headers), event.partition)
        sent.get(PATIENCE)

    def _make(self, partitions: int) -> None:
        admin = KafkaAdminClient(**self._options)
        try:
            made = {"num_partitions": partitions, "replication_factor": -1, "configs": {"cleanup.policy": "compact"}}
            admin.create_topics({self.topic: made})
            admin.wait_for_topics([self.topic])
        except errors.TopicAlreadyExistsError:
            pass
        finally:
            admin.close()


def _unparked(record: Any) -> Received:
    app, _, user_id = record.key.decode().split(":", 2)
    return received(record)._replace(key=f"{app}:{user_id}", offset=-1)
