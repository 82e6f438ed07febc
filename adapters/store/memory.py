"""The log and the kept outcomes in memory: gone with the process, for tests."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder, POPOFactory

from adapters.store.entries import Row, every_entry, readable_entries
from domain.ports import Entry, History, Kept, Key, Stale, Write
from domain.snapshot import from_snapshot
from domain.stored import Stored


class MemoryRecorder(POPOApplicationRecorder):
    """Takes in events, and the outcomes kept for idempotency keys; implements `domain.ports.Recorder`."""

    def __init__(self) -> None:
        super().__init__()
        self.log_id = uuid4()
        self._kept: dict[Key, Kept] = {}
        self.taken: dict[UUID, bytes] = {}
        """The snapshots."""

    def record(self, write: Write) -> Stale | None:
        """Record everything, if what was decided on holds."""
        with self._database_lock:
            used = {key: self._kept[key] for key in write.keys if key in self._kept}
            used = {key: kept for key, kept in used.items() if kept.kept_at > write.expired}
            heads = {stream: self.head_of(stream) for stream in write.known}
            concerned = {key.stream for key in used}
            moved = {s: head for s, head in heads.items() if head != write.known[s] or s in concerned}
            if moved:
                return Stale(moved, used)
            self.insert_events([StoredEvent(*stored) for stored in write.events])
            self._kept.update({kept.key: kept for kept in write.kept})
        return None

    def newer(self, known: Mapping[UUID, int]) -> list[Stored]:
        """Read the events of these users that follow the revisions."""
        return [stored for stream, revision in known.items() for _, stored in self.of_user(stream, revision)]

    def prune(self, expired: datetime) -> int:
        """Drop the outcomes that were kept at this moment or earlier."""
        with self._database_lock:
            before = len(self._kept)
            self._kept = {key: kept for key, kept in self._kept.items() if kept.kept_at > expired}
            return before - len(self._kept)

    def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users."""
        snapshots = {stream: self.taken[stream] for stream in streams if stream in self.taken}
        states = {stream: from_snapshot(taken) for stream, taken in snapshots.items()}
        known = dict.fromkeys(streams, 0) | {stream: state.revision for stream, state in states.items() if state}
        rows = [row for stream, revision in known.items() for row in self.of_user(stream, revision)]
        return History(snapshots, [stored for _, stored in rows])

    def head_of(self, stream: UUID) -> int:
        """Give one user's newest revision."""
        return len(self._stored_events_index[str(stream)])

    def of_user(self, stream: UUID, after: int) -> list[Row]:
        """Give one user's rows that follow a revision."""
        everything = map(as_row, self.select_notifications(None, self.max_notification_id() or 0))
        return [row for row in everything if row[1].stream == stream and row[1].revision > after]

    def _assert_uniqueness(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> None:
        super()._assert_uniqueness(stored_events, **kwargs)
        newest: dict[UUID | str, int] = {}
        for event in stored_events:
            stream = event.originator_id
            before = newest.get(stream, len(self._stored_events_index[str(stream)]))
            if event.originator_version != before + 1:
                raise IntegrityError(f"revision {event.originator_version} of stream {stream} does not follow {before}")
            newest[stream] = event.originator_version


def as_row(notification: Notification) -> Row:
    """Give what stands at a position."""
    stream = UUID(str(notification.originator_id))
    return notification.id, Stored(stream, notification.originator_version, notification.topic, notification.state)


class MemoryStore(POPOFactory):
    """Makes the recorder; named to the service by its topic, `adapters.store.memory:MemoryStore`."""

    def application_recorder(self) -> ApplicationRecorder:
        """Make an empty log."""
        return MemoryRecorder()


def environment() -> dict[str, str]:
    """Name this store to the service; each service made with it has an empty log of its own."""
    return {
        "PERSISTENCE_MODULE": "adapters.store.memory:MemoryStore",
        "MAPPER_TOPIC": "adapters.store.mapper:EventMapper",
    }


class MemoryLog:
    """Reads the log: implements `domain.ports.EventLog`."""

    def __init__(self, recorder: MemoryRecorder) -> None:
        self._recorder = recorder

    def log_id(self) -> UUID:
        """Tell which log this is."""
        return self._recorder.log_id

    def head(self) -> int:
        """Give the newest position, 0 for an empty log."""
        return self._recorder.max_notification_id() or 0

    def revision(self, stream: UUID) -> int:
        """Give one user's newest revision."""
        return self._recorder.head_of(stream)

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Read at most `limit` entries that follow the position `after`."""
        return readable_entries(
            map(as_row, self._recorder.select_notifications(after, limit, inclusive_of_start=False))
        )

    def read_user(self, stream: UUID, after: int, limit: int | None = None) -> Sequence[Entry]:
        """Read one user's entries that follow the revision `after`."""
        return every_entry(self._recorder.of_user(stream, after)[:limit])
