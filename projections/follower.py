"""The loop that all followers of the log share: read after the checkpoint, take effect and checkpoint at once.

No thread and no technology here: whoever runs a follower calls `step` again and again.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

from domain.ports import Entry


class Effect(Protocol):
    """What a follower does with the log, and how far it has come.

    Both methods raise `Unavailable` for what passes by itself, and `CannotGoOn` for what needs a person.
    """

    def checkpoint(self) -> int:
        """Give the position of the last entry that took effect, 0 before the first."""
        ...

    def apply(self, entries: Sequence[Entry]) -> None:
        """Take in these entries, oldest first, and move the checkpoint with them.

        Each entry and the checkpoint behind it at once, or neither: after an exception the first of the entries have
        taken effect, from none to all, and `checkpoint` tells which.
        """
        ...


A_MOMENT = 1.0
"""Seconds for which what was read is as good as the log: an older state of that may be put back by its operator."""


class Readable(Protocol):
    """What a follower needs of the log."""

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Read at most `limit` entries that follow the position `after`, as an `EventLog` does."""
        ...


class SharedReads:
    """A log that remembers for a moment what was read last: followers that stand close to each other read it once."""

    def __init__(self, log: Readable, clock: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._clock = clock
        self._last: tuple[float, int, Sequence[Entry]] = (0.0, 0, ())

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        """Give what is remembered behind the position `after`, at most `limit` entries; else read."""
        read_at, begin, entries = self._last
        if entries and begin <= after < entries[-1].position and self._clock() < read_at + A_MOMENT:
            first = bisect_right(entries, after, key=lambda entry: entry.position)
            return entries[first : first + limit]
        entries = self._log.read(after, limit)
        if entries:
            self._last = self._clock(), after, entries
        return entries


class Follower:
    """Brings an effect up to date with the log, in batches, from wherever the effect's checkpoint stands."""

    def __init__(self, name: str, log: Readable, effect: Effect, batch_size: int = 5000) -> None:
        self.name = name
        self.position: int | None = None
        """The checkpoint as this follower last saw it; None before the first step and after a failed one."""

        self._log = log
        self._effect = effect
        self.batch_size = batch_size

    def step(self) -> int:
        """Handle the next batch and tell its size, 0 at the head of the log.

        Raises what log and effect raise. How much of the batch took effect then the next step asks the effect itself.
        """
        position = self._effect.checkpoint() if self.position is None else self.position
        self.position = None
        entries = self._log.read(position, self.batch_size)
        if entries:
            self._effect.apply(entries)
            position = entries[-1].position
        self.position = position
        return len(entries)

    def catch_up(self) -> int:
        """Step until the head of the log, as it is then, is reached; tell how many entries were handled."""
        handled = 0
        while count := self.step():
            handled += count
        return handled
