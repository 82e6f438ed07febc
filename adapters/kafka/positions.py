"""Reading how far the events topic has come."""

from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.reader import Reader, Stored
from adapters.kafka.records import Position, Reached
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings


def read_position(
    cluster: Cluster, reader: Reader, settings: KafkaSettings, *, waiting: bool = True
) -> Position | None:
    """Give the newest position that is committed; None where there is none."""
    stored = read_newest(cluster, reader, settings.positions_topic, settings.relay_id.encode(), waiting=waiting)
    return None if stored is None else _parse(stored, settings)


def read_newest(cluster: Cluster, reader: Reader, topic: str, key: bytes, *, waiting: bool = True) -> Stored | None:
    """Give the newest committed record of a key in a topic of one partition.

    Goes backwards from the end in growing steps, for the topic grows with every transaction. With `waiting` the end is
    the high watermark: no transaction that may still be committed is passed over.
    """
    (offsets,) = cluster.offsets(topic, 1, committed=not waiting)
    end, step = offsets.stop, 10  # the last offset is the end of a transaction, never a position
    while end > offsets.start:
        begin = max(offsets.start, end - step)
        found = [stored for stored in reader.read(topic, 0, range(begin, end)) if stored.key == key]
        if found:
            return found[-1]
        end, step = begin, 10 * step
    return None


def holds_records(cluster: Cluster, reader: Reader, topic: str, partitions: int) -> bool:
    """Tell whether anybody can read a record in a topic; aborted ones do not count."""
    spans = enumerate(cluster.offsets(topic, partitions))
    return any(next(reader.read(topic, partition, offsets), None) for partition, offsets in spans)


def _parse(stored: Stored, settings: KafkaSettings) -> Position:
    try:
        reached = Reached.model_validate_json(stored.value or b"")
        groups = stored.headers.get("groupstopicid")
        return Position(
            reached,
            stored.headers["topicid"].decode(),
            int(stored.headers["partitions"]),
            None if groups is None else groups.decode(),
        )
    except (ValueError, KeyError) as error:
        raise RelayRefused(
            f"The newest record in {settings.positions_topic} is not a position ({error!r}). Find out who writes "
            "there, and write the position anew with `convgroups relay-from POSITION`."
        ) from error
