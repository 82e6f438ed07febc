"""The relay: a follower of the log whose effect is in Kafka, every event exactly once and in order per user."""

from collections.abc import Sequence
from typing import Final

from adapters.kafka.agreement import reached_at
from adapters.kafka.building import Progress, build_groups, has_groups
from adapters.kafka.client.connect import RecordTooLarge
from adapters.kafka.client.wire import Record
from adapters.kafka.hanging import end_hanging_transactions
from adapters.kafka.records import Reached, digits, event_record, group_record, source_of
from adapters.kafka.refused import RelayRefused
from adapters.kafka.session import Session, take_over
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import ensure_topics
from domain.ports import Entry, EventLog, Unavailable
from projections.group_records import GroupRecords, Part, StatesAt

TRANSACTION_BYTES: Final = 8 * 1024 * 1024
"""As much as fits into the time of one transaction over a slow line, too."""


class Relay:
    """Publishes entries in transactions, each of which ends with the position of the log that it reaches.

    So it is Kafka that knows how far Kafka has come, and whatever is uncertain is settled by reading it there. Every
    method raises `Unavailable` for what passes by itself, and `RelayRefused` for what needs a person.
    """

    def __init__(self, settings: KafkaSettings, log: EventLog, states_at: StatesAt) -> None:
        self._settings = settings
        self._log = log
        self._groups = GroupRecords(states_at)
        self._session: Session | None = None

    def checkpoint(self) -> int:
        """Shut out every other relay of this prefix, this one's former self too, and give the position reached.

        Where the groups topic does not tell all groups as they are there, it is made anew first.
        """
        self.close()
        try:
            while True:
                session = self._session = take_over(self._settings, self._log.log_id())
                found = session.position(self._log)
                if has_groups(session, found):
                    return int(found.reached.position) if found else 0
                self.build_groups()
        except BaseException:
            self.close()
            raise

    def apply(self, entries: Sequence[Entry]) -> None:
        """Publish these entries, the groups that they changed, and the position of the last.

        After an exception some, all or none of them are published: `checkpoint` tells.
        """
        assert self._session is not None, "`checkpoint` comes first"
        try:
            for part in self._groups.parts(entries, TRANSACTION_BYTES):
                self._publish(self._session, part)
        except BaseException:
            self.close()
            raise

    def relay_from(self, position: int) -> None:
        """Go on behind this position of the log from now on, whatever was published before; 0 is before the first.

        With the next `checkpoint` the groups topic is made anew: of which log it tells is as uncertain.
        """
        self.close()
        reached = reached_at(self._log, self._log.log_id(), position)
        session = take_over(self._settings, self._log.log_id())
        try:
            session.producer.publish([session.position_record(reached, groups=False)])
        finally:
            session.close()

    def build_groups(self, on_progress: Progress = lambda _done, _last: None) -> int:
        """Make the groups topic anew, up to the position reached, which it gives; nothing is published meanwhile."""
        self.close()
        return build_groups(self._settings, self._log, self._groups, on_progress)

    def close(self) -> None:
        """Let go of Kafka; the next `checkpoint` takes it up again."""
        self._groups.forget()
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _publish(self, session: Session, part: Part) -> None:
        source = source_of(session.log_id)
        events = [event_record(self._settings, source, entry) for entry in part.entries]
        groups = [group_record(self._settings, changed) for changed in part.changed]
        last = part.entries[-1]
        reached = Reached(log_id=session.log_id, position=digits(last.position), event_id=last.event.event_id)
        records = [*events, *groups, session.position_record(reached)]
        try:
            session.producer.publish(records, meanwhile=session.check_topics)
        except RecordTooLarge as error:
            raise _too_large(session, part, records, error) from error
        # Before the next one begins: what hangs would be given up together with that, should it come to nothing.
        written = {(record.topic, record.partition) for record in records}
        end_hanging_transactions(session.cluster, self._settings, written)


def _too_large(session: Session, part: Part, records: Sequence[Record], error: Exception) -> Exception:
    """Say which record Kafka does not take."""
    number, largest = max(enumerate(records), key=lambda numbered: len(numbered[1].value or b""))
    size = len(largest.value or b"")
    if size < ensure_topics(session.cluster, session.settings).batch_bytes < session.topics.batch_bytes:
        return Unavailable(f"Kafka takes less at once than it did: {error}")
    if number < len(part.entries):
        entry = part.entries[number]
        which = f"event {entry.event.event_id} at position {entry.position}"
    else:
        changed = part.changed[number - len(part.entries)]
        which = f"group {changed.number} of the user {changed.user_id!r} of app {changed.sdk_app_id}"
    return RelayRefused(
        f"A record is too large for Kafka ({error}): of those from position {part.entries[0].position} to "
        f"{part.entries[-1].position} the largest is of the {which}, with {size} bytes. None is stepped over: raise "
        f"max.message.bytes of the topic {largest.topic}, and the brokers' replica.fetch.max.bytes, above that."
    )
