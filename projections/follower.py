"""The loop that all followers of the log share: read after the checkpoint, take effect and checkpoint at once.

No thread and no technology here: whoever runs a follower calls `step` again and again.
"""

from collections.abc import Sequence
from typing import Protocol

from domain.ports import Entry, EventLog


class Effect(Protocol):
    """What a follower does with the log, and how far it has come. Both methods may raise `Unavailable`."""

    def checkpoint(self) -> int:
        """Give the position of the last entry that took effect, 0 before the first."""
        ...

    def apply(self, entries: Sequence[Entry]) -> None:
        """Take in these entries and move the checkpoint to the last of them: both at once, or neither."""
        ...


class Follower:
    """Brings an effect up to date with the log, in batches, from wherever the effect's checkpoint stands."""

    def __init__(self, name: str, log: EventLog, effect: Effect, batch_size: int = 1000) -> None:
        self.name = name
        self.position: int | None = None
        """The checkpoint as this follower last saw it; None before the first step and after a failed one."""

        self._log = log
        self._effect = effect
        self._batch_size = batch_size

    def step(self) -> int:
        """Handle the next batch and tell its size, 0 at the head of the log.

        After an exception nothing of the batch took effect, or all of it: the next step asks the effect itself.
        """
        position = self._effect.checkpoint() if self.position is None else self.position
        self.position = None
        entries = self._log.read(position, self._batch_size)
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
