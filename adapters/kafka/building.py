"""Making the groups topic from the log: where it is missing, was deleted, or tells of another log."""

from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Final

import structlog

from adapters.kafka.agreement import reached_at
from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.wire import Record
from adapters.kafka.hanging import end_hanging_transactions
from adapters.kafka.records import Position, Reached, group_record
from adapters.kafka.refused import RelayRefused
from adapters.kafka.session import Session, take_over
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import ensure_topics
from domain.ports import EventLog, Unavailable
from projections.group_records import GroupRecords

logger = structlog.get_logger("relay")

LONGEST: Final = 900.0
"""Seconds that Kafka lets a transaction take at most, where its own settings do not say otherwise."""

BATCH: Final = 5000
"""How many entries of the log are read at once."""

PART_BYTES: Final = 8 * 1024 * 1024
"""How much is written at once."""

Progress = Callable[[int, int], None]
"""Is told the position reached, and the last one."""


def has_groups(session: Session, found: Position | None) -> bool:
    """Tell whether the groups topic tells all groups as they are at this position; None is before the first."""
    if session.topics.groups.partitions != session.topics.events.partitions:
        return False  # a user's groups are to stand in the partition of the same number as the events
    if found is None:
        return not _was_written(session)
    return found.groups_topic_id == session.topics.groups.topic_id


def delete_groups(settings: KafkaSettings) -> None:
    """Delete the groups topic: whichever relay is at work makes it anew."""
    with Cluster(settings) as cluster:
        cluster.delete(settings.groups_topic)


def build_groups(settings: KafkaSettings, log: EventLog, records: GroupRecords, on_progress: Progress) -> int:
    """Make the groups topic, where it does not tell all groups, in one transaction; give the position that it is as of.

    So whoever reads it reads all of it. Only `records` that begin anew may be given, and they are to be forgotten.
    """
    session, began = take_over(settings, log.log_id(), LONGEST), monotonic()
    try:
        found = session.position(log)
        reached = found.reached if found else reached_at(log, session.log_id, 0)
        if has_groups(session, found):
            return int(reached.position)  # another relay has made it since it was looked for
        if not has_groups(session, None):
            session.cluster.delete(settings.groups_topic)
            session.topics = ensure_topics(session.cluster, settings)
        logger.info("making the groups topic", topic=settings.groups_topic, position=int(reached.position))
        session.producer.publish_all(_all_groups(session, log, records, reached, on_progress))
        end_hanging_transactions(session.cluster, settings, session.topics.places(settings))
        logger.info("made the groups topic", topic=settings.groups_topic, seconds=round(monotonic() - began, 1))
        return int(reached.position)
    except Unavailable as away:
        if monotonic() < began + LONGEST:
            raise
        raise RelayRefused(
            f"The log is too long to make {settings.groups_topic} anew in the {LONGEST / 60:.0f} minutes that a "
            "transaction may take. To publish all of it to new topics, step by step, set another "
            "CONVGROUPS_KAFKA_TOPIC_PREFIX."
        ) from away
    finally:
        records.forget()
        session.close()


def _was_written(session: Session) -> bool:
    groups = session.topics.groups
    return any(offsets.stop for offsets in session.cluster.offsets(session.settings.groups_topic, groups.partitions))


def _all_groups(
    session: Session, log: EventLog, records: GroupRecords, reached: Reached, on_progress: Progress
) -> Iterator[Sequence[Record]]:
    done, last = 0, int(reached.position)
    while done < last:
        for part in records.parts(log.read(done, min(BATCH, last - done)), PART_BYTES):
            yield [group_record(session.settings, changed) for changed in part.changed]
            done = part.entries[-1].position
        on_progress(done, last)
    yield [session.position_record(reached)]
