"""The topics that the relay writes to, made where they are missing."""

from adapters.kafka.client.cluster import Cluster, Topic
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable


def ensure_topics(cluster: Cluster, settings: KafkaSettings) -> Topic:
    """See to it that both topics are there, and give the events topic.

    Raises `RelayRefused` where it has other than the configured partitions: a user's later events would then go to
    another partition than the earlier ones, and nobody could read them in order.
    """
    if cluster.find(settings.positions_topic) is None:
        # Only segments that are full are compacted, and by default one is full at 1 GiB.
        newest = {"cleanup.policy": "compact", "segment.bytes": "16777216"}
        cluster.create(settings.positions_topic, 1, settings.replication_factor or -1, newest)
    name, partitions = settings.events_topic, settings.partitions
    if cluster.find(name) is None:
        for_ever = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
        cluster.create(name, partitions, settings.replication_factor or -1, for_ever)
    events = cluster.find(name)
    if events is None:
        raise Unavailable(f"The topic {name} was made, and is not to be seen yet.")
    if events.partitions != partitions:
        raise RelayRefused(
            f"The topic {name} has {events.partitions} partitions, and {partitions} are configured. Set "
            "CONVGROUPS_KAFKA_PARTITIONS to the number it was made with; or publish the whole log again, to topics of "
            "another name, with a new CONVGROUPS_KAFKA_TOPIC_PREFIX."
        )
    return events
