"""What `doctor` says of Kafka. Looks only: no relay is shut out, and no topic made."""

from dataclasses import dataclass

from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.reader import Reader
from adapters.kafka.positions import read_position
from adapters.kafka.records import Position
from adapters.kafka.settings import KafkaSettings


@dataclass(frozen=True)
class Probed:
    """What was found."""

    version: str
    """The release of Kafka, by what it understands."""

    transaction_version: int
    """The relay needs 2."""

    partitions: int | None
    """Of the events topic; None where the relay has not made it yet."""

    position: Position | None
    """The newest one published, of whatever log; None before the first."""

    groups_topic_id: str | None
    """The groups topic, by Kafka's own name; None where there is none."""

    @property
    def has_groups(self) -> bool:
        """Tell whether the groups topic tells all groups as they are at that position, or is still to be made."""
        return self.position is not None and self.position.groups_topic_id == self.groups_topic_id is not None


def probe(settings: KafkaSettings) -> Probed:
    """Try to reach Kafka and look around; raises `Unavailable` and `RelayRefused`, whose messages say what is wrong."""
    with Cluster(settings) as cluster, Reader(settings) as reader:
        events = cluster.find(settings.events_topic)
        groups = cluster.find(settings.groups_topic)
        positions = cluster.find(settings.positions_topic)
        return Probed(
            version=cluster.version(),
            transaction_version=cluster.transaction_version(),
            partitions=events.partitions if events else None,
            groups_topic_id=groups.topic_id if groups else None,
            position=read_position(cluster, reader, settings, waiting=False) if positions else None,
        )
