"""The relay: a follower of the log whose effect is in Kafka, every event exactly once and in order per user."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple
from uuid import UUID

from adapters.kafka.agreement import check_agreement, reached_at
from adapters.kafka.client.cluster import Cluster, Topic
from adapters.kafka.client.connect import RecordTooLarge
from adapters.kafka.client.end_txn import TRANSACTION_VERSION
from adapters.kafka.client.producer import Producer
from adapters.kafka.client.reader import Reader
from adapters.kafka.hanging import end_hanging_transactions
from adapters.kafka.positions import holds_events, read_position
from adapters.kafka.records import (
    Position,
    Reached,
    Record,
    digits,
    event_record,
    position_record,
    source_of,
    transactions,
)
from adapters.kafka.refused import RelayRefused
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import ensure_topics
from domain.ports import Entry, EventLog, Unavailable


class _Session(NamedTuple):
    """What holds from one `checkpoint` until the next."""

    cluster: Cluster
    producer: Producer
    events: Topic
    log_id: UUID


class Relay:
    """Publishes entries in transactions, each of which ends with the position of the log that it reaches.

    So it is Kafka that knows how far Kafka has come, and whatever is uncertain is settled by reading it there. Every
    method raises `Unavailable` for what passes by itself, and `RelayRefused` for what needs a person.
    """

    def __init__(self, settings: KafkaSettings, log: EventLog) -> None:
        self._settings = settings
        self._log = log
        self._session: _Session | None = None

    def checkpoint(self) -> int:
        """Shut out every other relay of this prefix, this one's former self too, and give the position reached."""
        self.close()
        try:
            with Reader(self._settings) as reader:
                return self._position(self._begin(), reader)
        except BaseException:
            self.close()
            raise

    def apply(self, entries: Sequence[Entry]) -> None:
        """Publish these entries, and with them the position of the last.

        After an exception some, all or none of them are published: `checkpoint` tells.
        """
        assert self._session is not None, "`checkpoint` comes first"
        try:
            for part in transactions(entries):
                self._publish(self._session, part)
        except BaseException:
            self.close()
            raise

    def relay_from(self, position: int) -> None:
        """Go on behind this position of the log from now on, whatever was published before; 0 is before the first."""
        self.close()
        reached = reached_at(self._log, self._log.log_id(), position)
        try:
            session = self._begin()
            session.producer.publish([self._position_record(session, reached)])
        finally:
            self.close()

    def close(self) -> None:
        """Let go of Kafka; the next `checkpoint` takes it up again."""
        session, self._session = self._session, None
        if session is not None:
            try:
                session.producer.close()
            finally:
                session.cluster.close()

    def _begin(self) -> _Session:
        with ExitStack() as undo:
            cluster = undo.enter_context(Cluster(self._settings))
            self._check_protocol(cluster)
            events = ensure_topics(cluster, self._settings)
            end_hanging_transactions(cluster, self._settings)
            log_id = self._log.log_id()
            self._session = _Session(cluster, Producer(self._settings), events, log_id)
            undo.pop_all()
        end_hanging_transactions(cluster, self._settings)  # what taking over aborted may hang as well
        return self._session

    def _check_protocol(self, cluster: Cluster) -> None:
        version = cluster.transaction_version()
        if version < TRANSACTION_VERSION:
            raise RelayRefused(
                f"Kafka at {self._settings.bootstrap_servers} has transaction.version={version}, with which a message "
                "that the network held back can tear a transaction. Use Kafka 4.0 or newer, and raise it with "
                f"`kafka-features.sh upgrade --feature transaction.version={TRANSACTION_VERSION}`."
            )

    def _position(self, session: _Session, reader: Reader) -> int:
        # Only now that nobody else can commit any more does what is read stay true.
        found = read_position(session.cluster, reader, self._settings)
        if found is not None:
            return check_agreement(found, self._log, session.log_id, session.events, self._settings)
        if holds_events(session.cluster, reader, self._settings):
            raise RelayRefused(
                f"{self._settings.events_topic} holds events, and {self._settings.positions_topic} does not say how "
                "many of them are from this log. If you know the position up to which it is published, say so with "
                "`convgroups relay-from POSITION`; to publish the whole log to new topics, set another "
                "CONVGROUPS_KAFKA_TOPIC_PREFIX."
            )
        return 0

    def _publish(self, session: _Session, entries: Sequence[Entry]) -> None:
        if session.cluster.find(self._settings.events_topic) != session.events:
            raise Unavailable(f"The topic {self._settings.events_topic} was deleted, or changed.")
        source = source_of(session.log_id)
        records = [event_record(self._settings, source, entry) for entry in entries]
        last = entries[-1]
        reached = Reached(log_id=session.log_id, position=digits(last.position), event_id=last.event.event_id)
        try:
            session.producer.publish([*records, self._position_record(session, reached)])
        except RecordTooLarge as error:
            largest = max(entries, key=lambda entry: len(entry.value))
            raise RelayRefused(
                f"An event is too large for Kafka ({error}): of those from position {entries[0].position} to "
                f"{last.position} the largest is {largest.event.event_id} at position {largest.position}, with "
                f"{len(largest.value)} bytes. None is stepped over: raise max.message.bytes of the topic "
                f"{self._settings.events_topic}, and the brokers' replica.fetch.max.bytes, above that."
            ) from error
        # Before the next one begins: what hangs would be given up together with that, should it come to nothing.
        end_hanging_transactions(session.cluster, self._settings)

    def _position_record(self, session: _Session, reached: Reached) -> Record:
        return position_record(self._settings, Position(reached, session.events.topic_id, session.events.partitions))
