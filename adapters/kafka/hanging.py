"""Transactions that hang: Kafka decided them, and then left out their end in some partition, or in all."""

from collections.abc import Collection

import structlog

from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.transactions import find_hanging, last_ended, write_marker
from adapters.kafka.settings import KafkaSettings

logger = structlog.get_logger("relay")


def end_hanging_transactions(cluster: Cluster, settings: KafkaSettings, places: Collection[tuple[str, int]]) -> None:
    """End them in these partitions as they were decided, so that whoever reads what is committed can read on.

    A coordinator that finds a partition without a leader takes it for deleted, writes no marker there, and calls the
    transaction complete: so does Kafka 4.3.1 for a moment after its only broker was killed and started again.

    To be called after each transaction, for what hangs would share the fate of the next one in that partition; before a
    producer takes over, while the coordinator still knows whether it was a commit; and behind that, for what taking
    over found open was aborted, and may hang as well.
    """
    last = last_ended(cluster, settings)
    if last is None:
        return
    for hanging in find_hanging(cluster, settings, places, last):
        write_marker(cluster, settings, hanging, committed=last.committed)
        logger.warning(
            "ended a transaction that Kafka had left open",
            topic=hanging.place.topic,
            partition=hanging.place.partition,
            committed=last.committed,
        )
