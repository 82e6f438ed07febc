"""Reading what is committed."""

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import NamedTuple, Self

from kafka import KafkaConsumer, TopicPartition, errors

from adapters.kafka.client.connect import PATIENCE, connect, in_our_words
from adapters.kafka.settings import KafkaSettings


class Stored(NamedTuple):
    """A record as Kafka keeps it."""

    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


class Reader:
    """Reads stretches of partitions; connected until the end of the `with`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._consumer = connect(
            settings,
            KafkaConsumer,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",  # for an offset that is deleted since it was asked for
            allow_auto_create_topics=False,
            fetch_max_wait_ms=10,
            metrics_enabled=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close(autocommit=False)

    def read(self, topic: str, partition: int, offsets: range) -> Iterator[Stored]:
        """Give the committed records among these offsets, oldest first.

        The ends of transactions, aborted records and what compaction took away have offsets too. So it is the offset
        reached that tells the end: an open transaction is waited for, not passed over.
        """
        place = TopicPartition(topic, partition)
        deadline = monotonic() + PATIENCE
        with in_our_words(self._settings, f"reading the topic {topic}"):
            self._consumer.assign([place])
            self._consumer.seek(place, offsets.start)
            while self._consumer.position(place) < offsets.stop:
                for record in self._consumer.poll(timeout_ms=20).get(place, ()):
                    if record.offset < offsets.stop:
                        yield Stored(record.key, record.value, dict(record.headers))
                if monotonic() > deadline:
                    raise errors.KafkaTimeoutError(
                        f"a transaction was open for {PATIENCE:.0f} s before offset {offsets.stop}"
                    )
