"""Where Kafka is, and how the topics are named and made."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True)
class Security:
    """How Kafka is spoken to."""

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism | None = None
    """With a protocol that begins with SASL; so are the next two."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """With a protocol that ends with SSL: who signed the brokers' certificates; None for whom this machine trusts."""

    @property
    def encrypted(self) -> bool:
        """Tell whether it is TLS."""
        return self.protocol.endswith("SSL")


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

    security: Security = Security()

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
    def replays_topic(self) -> str:
        """How far replays to other topics have come."""
        return f"{self.topic_prefix}.replays.v1"

    @property
    def relay_id(self) -> str:
        """The key of the position records, and the transactional ID by which Kafka knows one relay from the next."""
        return f"{self.topic_prefix}.relay"
