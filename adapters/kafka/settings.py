"""Where Kafka is, and how the topics are named and made."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KafkaSettings:
    """What the relay is told by the operator. The prefix keeps two installations on one cluster apart."""

    bootstrap_servers: str
    """As `host:port,host:port`."""

    topic_prefix: str = "conversation-groups"
    partitions: int = 12
    """Of the events topic; never changed afterwards, for a user's events stay in order in one partition only."""

    replication_factor: int | None = None
    """None leaves it to the broker's default."""

    @property
    def events_topic(self) -> str:
        """Every event, for ever."""
        return f"{self.topic_prefix}.events.v1"

    @property
    def groups_topic(self) -> str:
        """Each user's groups as they are now."""
        return f"{self.topic_prefix}.groups.v1"

    @property
    def positions_topic(self) -> str:
        """How far the events topic has come."""
        return f"{self.topic_prefix}.positions.v1"

    @property
    def relay_id(self) -> str:
        """The key of the position records, and the transactional ID by which Kafka knows one relay from the next."""
        return f"{self.topic_prefix}.relay"
