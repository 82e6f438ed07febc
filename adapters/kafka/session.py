"""Having taken over from every other relay of a prefix: what holds from then until the next one does."""

from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from adapters.kafka.agreement import check_agreement
from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.connect import PATIENCE
from adapters.kafka.client.producer import Producer
from adapters.kafka.client.protocol import TRANSACTION_VERSION
from adapters.kafka.client.reader import Reader
from adapters.kafka.client.wire import Record
from adapters.kafka.hanging import end_hanging_transactions
from adapters.kafka.positions import holds_records, read_position
from adapters.kafka.records import Position, Reached, position_record
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Topics, ensure_topics
from domain.ports import EventLog, Unavailable


@dataclass
class Session:
    """The one right to write, and the topics as they were when it was taken."""

    settings: KafkaSettings
    log_id: UUID
    cluster: Cluster
    producer: Producer
    topics: Topics

    def close(self) -> None:
        """Let go of Kafka."""
        try:
            self.producer.close()
        finally:
            self.cluster.close()

    def position(self, log: EventLog) -> Position | None:
        """Read how far the log is published, None where nothing is; raises `RelayRefused` where that is not clear."""
        # Only now that nobody else can commit any more does what is read stay true.
        with Reader(self.settings) as reader:
            found = read_position(self.cluster, reader, self.settings)
            if found is not None:
                check_agreement(found, log, self.log_id, self.topics.events, self.settings)
            elif holds_records(self.cluster, reader, self.settings.events_topic, self.settings.partitions):
                raise RelayRefused(
                    f"{self.settings.events_topic} holds events, and {self.settings.positions_topic} does not say how "
                    "many of them are from this log. If you know the position up to which it is published, say so with "
                    "`convgroups relay-from POSITION`; to publish the whole log to new topics, set another "
                    "CONVGROUPS_KAFKA_TOPIC_PREFIX."
                )
        return found

    def check_topics(self) -> None:
        """Raise `Unavailable` where the topics are no longer those that they were."""
        names = [self.settings.events_topic, self.settings.groups_topic]
        if self.cluster.find_all(names) != [self.topics.events, self.topics.groups]:
            raise Unavailable(f"One of the topics {' and '.join(names)} was deleted, or changed.")

    def position_record(self, reached: Reached, *, groups: bool = True) -> Record:
        """Give the record that says so much is published, and, with `groups`, that the groups topic goes with it."""
        events, groups_topic = self.topics.events, self.topics.groups.topic_id if groups else None
        return position_record(self.settings, Position(reached, events.topic_id, events.partitions, groups_topic))


def take_over(settings: KafkaSettings, log_id: UUID, seconds: float = PATIENCE) -> Session:
    """Shut out every other relay, make the topics that are missing, and end what hangs.

    `seconds` is the time that a transaction may take. Raises `Unavailable` and `RelayRefused`.
    """
    with ExitStack() as undo:
        cluster = undo.enter_context(Cluster(settings))
        _check_protocol(cluster, settings)
        topics = ensure_topics(cluster, settings)
        places = topics.places(settings)
        end_hanging_transactions(cluster, settings, places)
        producer = Producer(settings, batch_bytes=topics.batch_bytes, seconds=seconds)
        undo.callback(producer.close)
        end_hanging_transactions(cluster, settings, places)  # what taking over aborted may hang as well
        undo.pop_all()
    return Session(settings, log_id, cluster, producer, topics)


def _check_protocol(cluster: Cluster, settings: KafkaSettings) -> None:
    version = cluster.transaction_version()
    if version < TRANSACTION_VERSION:
        raise RelayRefused(
            f"Kafka at {settings.bootstrap_servers} has transaction.version={version}, with which a message that the "
            "network held back can tear a transaction. Use Kafka 4.0 or newer, and raise it with "
            f"`kafka-features.sh upgrade --feature transaction.version={TRANSACTION_VERSION}`."
        )
