"""A thread that keeps one follower up with the log: woken by a write, patient with a service that is away."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import monotonic
from typing import NamedTuple, Protocol

import structlog

from domain.ports import EventLog, Unavailable
from domain.stored import CannotGoOn
from projections.follower import Follower

logger = structlog.get_logger("follower")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between tries while a service is away: each pause is twice the one before."""

LONGEST_GOODBYE = 5.0
"""Seconds that stopping waits for the batches in hand. One that is cut off is taken up again at the next start."""

LOOK_AGAIN = 0.05
"""Seconds after which the head of the log is looked at without having been woken: another process may have written."""

LOOK_OFTEN = 0.005
"""The same for who must be quick and is woken by nobody, as all that writes is in other processes."""

STAND_BY = 0.5
"""Seconds after which a follower that another process runs is tried to be taken over."""

LET_OTHERS = 0.001
"""Seconds behind a full batch, for those whose turn is next: a lock goes to whoever asks first."""

LONGEST_TURN = 0.5
"""Seconds for which another follower's batch is waited for, and no longer: that one may hang."""


class Lag(NamedTuple):
    """How far a follower is behind the log."""

    events: int
    seconds: float
    """How long the oldest event that it has not handled has been waiting."""


class Right(Protocol):
    """The right to run a follower, where several processes could. Both methods raise `Unavailable`."""

    def hold(self) -> int | None:
        """Take it where nobody has it, and tell how often it was taken by now; None while another process has it."""
        ...

    def release(self) -> None:
        """Let another process have it."""
        ...


class FollowerThread(Thread):
    """Runs one follower until it is told to stop, or meets an event that it cannot handle: it never steps over one."""

    def __init__(
        self,
        follower: Follower,
        event_log: EventLog,
        *,
        gather: float = 0.0,
        look_again: float = LOOK_AGAIN,
        right: Right | None = None,
        turn: "Lock | None" = None,  # quoted: it is a function before Python 3.13
        on_close: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(name=follower.name, daemon=True)
        self.stands_by = right is not None
        """Whether another process runs this follower now."""

        self.stopped_by: Exception | None = None
        """What the follower cannot go on from without a person; None while it runs."""

        self.stopped_at: datetime | None = None
        """When that was."""

        self.waiting_for: Unavailable | None = None
        """The service that it waits for; None while it works."""

        self._follower = follower
        self._log = event_log
        self._gather = gather
        self._look_again = look_again
        self._right = right
        self._turn = turn or Lock()
        self._on_close = on_close or (lambda: None)
        self._position: int | None = None
        self._epoch: int | None = None
        self._wake = Event()
        self._stop_asked = Event()

    def wake(self) -> None:
        """Tell that the log has grown."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """Ask it to finish the batch in hand, and to end."""
        self._stop_asked.set()
        self._wake.set()

    def run(self) -> None:
        """Follow."""
        pause = FIRST_PAUSE
        while not self._stop_asked.is_set():
            self._wake.clear()
            try:
                if not self._may_work():
                    self._stop_asked.wait(STAND_BY)
                    continue
                with _in_turn(self._turn):
                    handled = self._follower.step()
            except Unavailable as away:
                if self.waiting_for is None:
                    logger.warning("waiting for a service", follower=self.name, reason=str(away))
                self.waiting_for = away
                self._stop_asked.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            except Exception as error:  # whatever it is, going on would skip an event
                self.stopped_by, self.stopped_at = error, datetime.now(UTC)
                unforeseen = None if isinstance(error, CannotGoOn) else error
                logger.error("stopped, and needs a person", follower=self.name, reason=str(error), exc_info=unforeseen)  # noqa: TRY400
                break
            if self.waiting_for is not None:
                logger.info("goes on", follower=self.name, position=self._follower.position)
            self.waiting_for, pause = None, FIRST_PAUSE
            self._position = self._follower.position
            if not handled:
                self._wake.wait(self._look_again)
            elif handled < self._follower.batch_size:
                self._stop_asked.wait(self._gather)  # a batch costs much the same, whether it holds one or a hundred
            else:
                self._stop_asked.wait(LET_OTHERS)
        self._end()

    def _may_work(self) -> bool:
        if self._right is None:
            return True
        epoch = self._right.hold()
        if epoch != self._epoch:
            logger.info("stands by" if epoch is None else "takes over", follower=self.name)
            self._epoch = epoch
            # What was known is past: another process may have moved the checkpoint since.
            self._position = self._follower.position = None
            self._on_close()
        self.stands_by = epoch is None
        return not self.stands_by

    def _end(self) -> None:
        self._on_close()
        if self._right is not None:
            try:
                self._right.release()
            except Unavailable as away:
                logger.warning("the lease runs out by itself", follower=self.name, reason=str(away))

    def lag(self) -> Lag | None:
        """Measure how far behind it is; None until it knows where it stands; raises `Unavailable`."""
        position = self._position  # once: it is forgotten where the follower is taken over meanwhile
        if position is None:
            return None
        events = self._log.head() - position
        if events <= 0:
            return Lag(0, 0.0)
        waited = datetime.now(UTC) - self._waits_since(position)
        return Lag(events, max(waited.total_seconds(), 0.0))

    def _waits_since(self, position: int) -> datetime:
        """Tell since when the event behind `position` waits: since it was recorded, as far as it can be read."""
        try:
            return self._log.read(position, 1)[0].event.recorded_at
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the follower stops at this event
            return self.stopped_at or datetime.now(UTC)


@contextmanager
def _in_turn(turn: Lock) -> Iterator[None]:
    """Let one follower work at a time: all at once they take the time from those who wait for an answer."""
    has_turn = turn.acquire(timeout=LONGEST_TURN)
    try:
        yield
    finally:
        if has_turn:
            turn.release()


def stop_all(threads: Sequence[FollowerThread]) -> None:
    """Let all end together, each with the batch in hand."""
    for thread in threads:
        thread.ask_to_stop()
    deadline = monotonic() + LONGEST_GOODBYE
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - monotonic()))
