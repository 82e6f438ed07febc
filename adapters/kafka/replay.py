"""Publishing history again, to a topic of its own: in order, exactly once, and able to go on after an interruption."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from adapters.kafka.client.cluster import Cluster, Topic
from adapters.kafka.client.producer import Producer
from adapters.kafka.client.reader import Reader
from adapters.kafka.client.wire import NO_HEADERS, Record
from adapters.kafka.positions import holds_records, read_newest
from adapters.kafka.records import event_record, source_of
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import ensure_replay_topics
from domain.ports import Entry, EventLog
from domain.values import stream_id

BATCH: Final = 5000
"""Events that are read, and published, at once."""


@dataclass(frozen=True)
class Selection:
    """What is published again."""

    from_position: int = 1
    from_time: datetime | None = None
    """Events that were recorded then or later."""

    sdk_app_id: int | None = None
    user_id: str | None = None
    """With `sdk_app_id`: this user's events alone."""

    def to_json(self) -> str:
        """Give a form in which selections can be compared."""
        return json.dumps(asdict(self), default=datetime.isoformat, sort_keys=True)

    @property
    def stream(self) -> UUID | None:
        """The stream of the one user."""
        return None if self.sdk_app_id is None or self.user_id is None else stream_id(self.sdk_app_id, self.user_id)


class Replayed(NamedTuple):
    """What came of it."""

    events: int
    """Published by this run."""

    position: int
    """The position of the log that is reached."""


class _Noted(NamedTuple):
    """What the replays topic says of a target."""

    log_id: str
    topic_id: str
    selection: str
    position: int


class Replay:
    """One replay. Raises `Unavailable` for what passes by itself, and `RelayRefused` for what needs a person."""

    def __init__(self, settings: KafkaSettings, log: EventLog, target: str, selection: Selection) -> None:
        if target.startswith(f"{settings.topic_prefix}."):
            raise RelayRefused(
                f"{target} may be a topic of the service: all whose names begin with {settings.topic_prefix}. are. "
                "Choose another name, as `replay-of-november`."
            )
        self._settings = settings
        self._log = log
        self._target = target
        self._selection = selection
        self._key = target.encode()

    def run(self, on_progress: Callable[[int, int], None] = lambda _done, _last: None) -> Replayed:
        """Publish what is selected and not published yet; `on_progress` is told the position, and the last one."""
        last, log_id = self._log.head(), self._log.log_id()
        with Cluster(self._settings) as cluster:
            topic = ensure_replay_topics(cluster, self._settings, self._target)
            # Only now that no other run to this topic can commit any more does what is read stay true.
            producer = Producer(self._settings, f"{self._settings.topic_prefix}.replay.{self._target}")
            try:
                begin = self._begin(cluster, topic, log_id)
                return self._publish(producer, topic, log_id, begin, last, on_progress)
            finally:
                producer.close()

    def _begin(self, cluster: Cluster, topic: Topic, log_id: UUID) -> int:
        """Give the position behind which to go on; raises `RelayRefused` where going on would mix what is there."""
        with Reader(self._settings) as reader:
            stored = read_newest(cluster, reader, self._settings.replays_topic, self._key)
            noted = None if stored is None else _Noted(*json.loads(stored.value or b"[]"))
            if noted is None or noted.topic_id != topic.topic_id:
                if holds_records(cluster, reader, self._target, topic.partitions):
                    raise RelayRefused(
                        f"{self._target} holds what no replay has written. Choose a topic that is empty, or not there."
                    )
                return max(self._selection.from_position, 1) - 1
        if noted.log_id != str(log_id) or noted.selection != self._selection.to_json():
            raise RelayRefused(
                f"{self._target} holds another selection, or that of another log: {noted.selection} of the log "
                f"{noted.log_id}. Choose another topic; or say the same again, and it goes on behind {noted.position}."
            )
        return noted.position

    def _publish(
        self,
        producer: Producer,
        topic: Topic,
        log_id: UUID,
        begin: int,
        last: int,
        on_progress: Callable[[int, int], None],
    ) -> Replayed:
        settings, source, count = replace(self._settings, partitions=topic.partitions), source_of(log_id), 0
        reached = begin
        for reached, entries in self._batches(begin, last):
            records = [event_record(settings, source, entry)._replace(topic=self._target) for entry in entries]
            noted = _Noted(str(log_id), topic.topic_id, self._selection.to_json(), reached)
            note = Record(self._settings.replays_topic, 0, self._key, json.dumps(noted).encode(), NO_HEADERS)
            producer.publish([*records, note])
            count += len(records)
            on_progress(reached, last)
        return Replayed(count, reached)

    def _batches(self, begin: int, last: int) -> Iterator[tuple[int, Sequence[Entry]]]:
        """Give what is selected behind a position, in batches, each with the position that it reaches."""
        stream, since = self._selection.stream, self._selection.from_time
        if stream is not None:
            own = [entry for entry in self._log.read_user(stream, 0) if begin < entry.position <= last]
            for first in range(0, len(own), BATCH):
                some = own[first : first + BATCH]
                yield some[-1].position, [entry for entry in some if since is None or entry.event.recorded_at >= since]
            return
        while begin < last:
            entries = self._log.read(begin, min(BATCH, last - begin))
            begin = entries[-1].position
            yield begin, [entry for entry in entries if since is None or entry.event.recorded_at >= since]
