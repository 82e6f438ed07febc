"""The topics that the relay writes to, made where they are missing."""

from collections.abc import Mapping
from typing import NamedTuple

from adapters.kafka.client.cluster import Cluster, Topic
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable

_POLICY, _LARGEST = "cleanup.policy", "max.message.bytes"
_FOR_EVER = {_POLICY: "delete", "retention.ms": "-1", "retention.bytes": "-1"}
# Only segments that are full are compacted, and by default one is full at 1 GiB.
_NEWEST_OF_EACH_KEY = {_POLICY: "compact", "segment.bytes": "16777216"}
# Whoever reads from the beginning to the end finds what stood there when they began, if that takes less than an hour:
# what is replaced meanwhile is not taken away yet.
_NEWEST_FOR_WHO_BEGINS = {_POLICY: "compact", "segment.bytes": "134217728", "min.compaction.lag.ms": "3600000"}


class Topics(NamedTuple):
    """What the relay writes to, as it is."""

    events: Topic
    groups: Topic
    batch_bytes: int
    """As many as all of them take at once."""

    def places(self, settings: KafkaSettings) -> set[tuple[str, int]]:
        """Give every partition."""
        numbers = {
            settings.events_topic: self.events.partitions,
            settings.groups_topic: self.groups.partitions,
            settings.positions_topic: 1,
        }
        return {(topic, number) for topic, partitions in numbers.items() for number in range(partitions)}


def ensure_topics(cluster: Cluster, settings: KafkaSettings) -> Topics:
    """See to it that all topics are there, each compacted or not as it must be.

    How long one that somebody else made keeps its events is left to that one. Raises `RelayRefused` where one has other
    than the configured partitions: a user's later events would then go to another partition than the earlier ones, and
    nobody could read them in order.
    """
    _ensure(cluster, settings, settings.positions_topic, 1, _NEWEST_OF_EACH_KEY)
    events = _ensure(cluster, settings, settings.events_topic, settings.partitions, _FOR_EVER)
    if events.partitions != settings.partitions:
        raise RelayRefused(
            f"The topic {settings.events_topic} has {events.partitions} partitions, and {settings.partitions} are "
            "configured. Set CONVGROUPS_KAFKA_PARTITIONS to the number it was made with; or publish the whole log "
            "again, to topics of another name, with a new CONVGROUPS_KAFKA_TOPIC_PREFIX."
        )
    groups = _ensure(cluster, settings, settings.groups_topic, settings.partitions, _NEWEST_FOR_WHO_BEGINS)
    limits = [
        int(cluster.config(topic, _LARGEST)[_LARGEST])
        for topic in (settings.events_topic, settings.groups_topic, settings.positions_topic)
    ]
    return Topics(events, groups, min(limits))


def ensure_replay_topics(cluster: Cluster, settings: KafkaSettings, target: str) -> Topic:
    """See to it that a replay can write to `target`, and note how far it has come; give the target."""
    _ensure(cluster, settings, settings.replays_topic, 1, _NEWEST_OF_EACH_KEY)
    return _ensure(cluster, settings, target, settings.partitions, _FOR_EVER)


def _ensure(cluster: Cluster, settings: KafkaSettings, name: str, partitions: int, keeps: Mapping[str, str]) -> Topic:
    found = cluster.find(name)
    if found is not None:
        _check_policy(name, cluster.config(name, _POLICY)[_POLICY], keeps[_POLICY])
        return found
    cluster.create(name, partitions, settings.replication_factor or -1, keeps)
    made = cluster.find(name)
    if made is None:
        raise Unavailable(f"The topic {name} was made, and is not to be seen yet.")
    return made


def _check_policy(topic: str, found: str, wanted: str) -> None:
    """Refuse a topic that somebody else made so that it loses records: whoever makes it first says what it keeps."""
    if found != wanted:
        raise RelayRefused(
            f"The topic {topic} has cleanup.policy={found}, and would lose what it must keep: set it to {wanted}, with "
            f"`kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config "
            f"cleanup.policy={wanted}`."
        )
