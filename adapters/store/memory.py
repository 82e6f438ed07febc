"""The log and the kept outcomes in memory: gone with the process, for tests."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder, POPOFactory

from adapters.store.mapper import EventMapper
from domain.ports import Entry, Kept, Key


class MemoryRecorder(POPOApplicationRecorder):
    """Takes in events, and the outcomes kept for idempotency keys, at once or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.log_id = uuid4()
        self._kept: dict[Key, Kept] = {}

    def find_kept(self, keys: Iterable[Key]) -> dict[Key, Kept]:
        """Look up the outcomes kept for `keys`."""
        with self._database_lock:
            return {key: self._kept[key] for key in keys if key in self._kept}

    def _assert_uniqueness(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super()._assert_uniqueness(stored_events, **kwargs)
        newest: dict[UUID | str, int] = {}
        for event in stored_events:
            stream = event.originator_id
            before = newest.get(stream, len(self._stored_events_index[str(stream)]))
            if event.originator_version != before + 1:
                raise IntegrityError(f"revision {event.originator_version} of stream {stream} does not follow {before}")
            newest[stream] = event.originator_version

    def _update_table(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        kept: Sequence[Kept] = (),
        expired: datetime | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        self._kept.update({k.key: k for k in kept})
        if expired is not None:
            self._kept = {key: k for key, k in self._kept.items() if k.kept_at > expired}
        return super()._update_table(stored_events, **kwargs)


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

    def __init__(self, recorder: MemoryRecorder, mapper: EventMapper) -> None:
        self._recorder = recorder
        self._mapper = mapper

    def log_id(self) -> UUID:
        """Tell which log this is."""
        return self._recorder.log_id

    def head(self) -> int:
        """Give the newest position, 0 for an empty log."""
        return self._recorder.max_notification_id() or 0

    def revision(self, stream: UUID) -> int:
        """Give one user's newest revision."""
        newest = self._recorder.select_events(stream, desc=True, limit=1)
        return newest[0].originator_version if newest else 0

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Read at most `limit` entries that follow the position `after`."""
        return self._mapper.to_entries(self._recorder.select_notifications(after, limit, inclusive_of_start=False))

    def read_user(self, stream: UUID, after: int, limit: int | None = None) -> Sequence[Entry]:
        """Read one user's entries that follow the revision `after`."""
        everything = self._recorder.select_notifications(None, self.head())
        newer = [n for n in everything if n.originator_id == stream and n.originator_version > after]
        return [self._mapper.to_entry(notification) for notification in newer[:limit]]
