"""What the service and the followers need of a store; each store is one implementation, all pass one contract suite."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.events import Event
from domain.stored import Stored
from domain.values import stream_id


class Unavailable(Exception):  # noqa: N818 - a state of the other side, which passes
    """A service that is needed does not answer now; the same call may succeed later.

    What was asked for is most likely not done. A write that was cut off at its very end may be: whoever must know reads
    again, or sends the same command with the same idempotency key.
    """


class Entry(NamedTuple):
    """One event at its place in the log."""

    position: int
    """From 1 up, in the order of recording; comparable within one log only."""

    event: Event
    value: bytes
    """The event's JSON as it was recorded, with whatever this version of the service does not know."""


class EventLog(Protocol):
    """The one log, to be read from any position on.

    Every method raises `Unavailable`. Those that read events raise `CannotGoOn` at one that cannot be read: `read` only
    where it is the first, else it gives what stands before it.
    """

    def log_id(self) -> UUID:
        """Tell which log this is; renewed by the operator after a backup was restored."""
        ...

    def head(self) -> int:
        """Give the newest position, 0 for an empty log."""
        ...

    def revision(self, stream: UUID) -> int:
        """Give one user's newest revision, 0 for a user nobody wrote for."""
        ...

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Read at most `limit` entries that follow the position `after`, oldest first, without a gap."""
        ...

    def read_user(self, stream: UUID, after: int, limit: int | None = None) -> Sequence[Entry]:
        """Read one user's entries that follow the revision `after`, oldest first: all of them, or an exception."""
        ...


class Key(NamedTuple):
    """An idempotency key and its scope."""

    sdk_app_id: int
    user_id: str
    key: str

    @property
    def stream(self) -> UUID:
        """The stream of the user whose key it is."""
        return stream_id(self.sdk_app_id, self.user_id)


class Kept(NamedTuple):
    """The outcome that is kept for an idempotency key."""

    key: Key
    command_hash: bytes
    """SHA-256 of the parsed command."""

    outcome: bytes
    """JSON of the outcome or of the refusal."""

    kept_at: datetime


class Write(NamedTuple):
    """What one commit is to record, and on which condition."""

    known: Mapping[UUID, int]
    """For each user concerned the revision that was decided on: it must be the newest."""

    keys: Sequence[Key]
    """The idempotency keys of all commands: none may have been used before."""

    events: Sequence[Stored]
    kept: Sequence[Kept]
    expired: datetime
    """What was kept at this moment or earlier is as good as gone."""


class Stale(NamedTuple):
    """Why nothing was recorded: what is there already."""

    heads: dict[UUID, int]
    """The newest revisions of those users who have another one than was decided on, or a key that was used."""

    used: dict[Key, Kept]


class History(NamedTuple):
    """What is recorded of some users."""

    snapshots: Mapping[UUID, bytes]
    """Of those of whom one was taken."""

    events: Sequence[Stored]
    """Those behind the snapshot, or all: user by user, the oldest first."""


class Recorder(Protocol):
    """Writes the log. Every method raises `Unavailable`."""

    def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds; else nothing, and tell why."""
        ...

    def newer(self, known: Mapping[UUID, int]) -> Sequence[Stored]:
        """Read the events of these users that follow the revisions: user by user, the oldest first."""
        ...

    def prune(self, expired: datetime) -> int:
        """Drop some of the outcomes that were kept at this moment or earlier, the oldest first; tell how many.

        It is a small step that keeps no command waiting: whoever wants all of them gone asks again until it is 0.
        """
        ...

    def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users."""
        ...


class AsyncRecorder(Protocol):
    """What carrying out commands needs of a `Recorder`, to be awaited. Every method raises `Unavailable`."""

    async def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds; else nothing, and tell why."""
        ...

    async def newer(self, known: Mapping[UUID, int]) -> Sequence[Stored]:
        """Read the events of these users that follow the revisions: user by user, the oldest first."""
        ...

    async def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users."""
        ...
