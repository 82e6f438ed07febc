"""The topics that the relay writes to, made where they are missing."""

from collections.abc import Mapping

from adapters.kafka.client.cluster import Cluster, Topic
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable

_FOR_EVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
# Only segments that are full are compacted, and by default one is full at 1 GiB.
_NEWEST_OF_EACH_KEY = {"cleanup.policy": "compact", "segment.bytes": "16777216"}


def ensure_topics(cluster: Cluster, settings: KafkaSettings) -> Topic:
    """See to it that both topics are there, each compacted or not as it must be, and give the events topic.

    How long one that somebody else made keeps its events is left to that one. Raises `RelayRefused` where it has other
    than the configured partitions: a user's later events would then go to another partition than the earlier ones, and
    nobody could read them in order.
    """
    _ensure(cluster, settings, settings.positions_topic, 1, _NEWEST_OF_EACH_KEY)
    name, partitions = settings.events_topic, settings.partitions
    events = _ensure(cluster, settings, name, partitions, _FOR_EVER)
    if events.partitions != partitions:
        raise RelayRefused(
            f"The topic {name} has {events.partitions} partitions, and {partitions} are configured. Set "
            "CONVGROUPS_KAFKA_PARTITIONS to the number it was made with; or publish the whole log again, to topics of "
            "another name, with a new CONVGROUPS_KAFKA_TOPIC_PREFIX."
        )
    return events


def _ensure(cluster: Cluster, settings: KafkaSettings, name: str, partitions: int, keeps: Mapping[str, str]) -> Topic:
    found = cluster.find(name)
    if found is not None:
        _check_policy(name, cluster.cleanup_policy(name), keeps["cleanup.policy"])
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
