"""How fast a backlog is published, beside kafka-python's own producer, which gets the same records ready-made."""

import time
from collections.abc import Iterator, Sequence
from uuid import uuid4

from kafka import KafkaProducer

from adapters.kafka.client.connect import PATIENCE
from adapters.kafka.client.protocol import speak_version_2
from adapters.kafka.client.wire import partition_of
from adapters.kafka.records import digits
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from adapters.stores import Store
from domain.ports import Entry
from projections.follower import Follower
from projections.group_records import GroupRecords, Part

TRANSACTION = 5000
"""Events in one transaction, of all that are compared."""

HEADERS = (
    ("ce_id", "event_id"),
    ("ce_type", "TOPIC"),
    ("ce_subject", "user_id"),
    ("ce_sdkappid", "sdk_app_id"),
    ("ce_revision", "revision"),
    ("ce_correlationid", "correlation_id"),
    ("ce_causationid", "causation_id"),
)


class NoGroups(GroupRecords):
    """Leaves the groups topic out."""

    def parts(self, entries: Sequence[Entry], most: int) -> Iterator[Part]:
        for part in super().parts(entries, most):
            yield Part(part.entries, [])


def fresh(kafka: str) -> KafkaSettings:
    """Give topics that nobody has used."""
    return KafkaSettings(kafka, f"bench-{uuid4().hex[:12]}")


def relayed(store: Store, settings: KafkaSettings, *, groups: bool) -> float:
    """Publish the whole log as the service does, and give the events per second."""
    relay = Relay(settings, store.log, store.groups.states_at)
    if not groups:
        relay._groups = NoGroups(store.groups.states_at)
    try:
        relay.checkpoint()
        begin = time.perf_counter()
        count = Follower("relay", store.log, relay, TRANSACTION).catch_up()
        return count / (time.perf_counter() - begin)
    finally:
        relay.close()


Ready = tuple[bytes, bytes, list[tuple[str, bytes]], int]


def ready_made(store: Store, settings: KafkaSettings) -> list[Ready]:
    """Give all records of the events topic, before any clock runs."""
    made: list[Ready] = []
    while entries := store.log.read(len(made), TRANSACTION):
        for entry in entries:
            event = entry.event
            key = f"{event.sdk_app_id}:{event.user_id}".encode()
            source = f"/conversation-groups/{uuid4()}".encode()
            headers = [("ce_specversion", b"1.0"), ("ce_source", source), ("content-type", b"application/json")]
            headers += [(name, str(getattr(event, field)).encode()) for name, field in HEADERS]
            headers += [("ce_time", str(event.recorded_at).encode()), ("ce_position", digits(entry.position).encode())]
            made.append((key, entry.value, headers, partition_of(key, settings.partitions)))
    return made


def produced(settings: KafkaSettings, records: Sequence[Ready]) -> float:
    """Publish the records with kafka-python alone, in the same transactions, and give the events per second."""
    producer = KafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        transactional_id=settings.relay_id,
        enable_idempotence=True,
        transaction_timeout_ms=int(1000 * PATIENCE),
        retry_backoff_ms=5,
        batch_size=262_144,
        max_request_size=8_388_608,
        linger_ms=1,
        compression_type="gzip",
        metrics_enabled=False,
    )
    speak_version_2(producer)
    try:
        producer.init_transactions()
        begin = time.perf_counter()
        for first in range(0, len(records), TRANSACTION):
            producer.begin_transaction()
            sent = [
                producer.send(settings.events_topic, value, key, headers, partition)
                for key, value, headers, partition in records[first : first + TRANSACTION]
            ]
            for one in sent:
                one.get(PATIENCE)
            producer.commit_transaction()
        return len(records) / (time.perf_counter() - begin)
    finally:
        producer.close()
