"""What the views of every database have in common: they take in entries while their checkpoint moves."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from domain.ports import Entry

C = TypeVar("C")
"""A cursor of the database."""


class View(ABC, Generic[C]):
    """A view: an `Effect` of its own follower."""

    def apply(self, entries: Sequence[Entry]) -> None:
        """Take in entries and move the checkpoint, at once."""
        with self.moving(entries) as c:
            self.write(c, entries)

    @abstractmethod
    def moving(self, entries: Sequence[Entry]) -> AbstractContextManager[C]:
        """Give a cursor in a transaction, with which the checkpoint moves behind these entries."""

    @abstractmethod
    def write(self, c: C, entries: Sequence[Entry]) -> None:
        """Write what the entries change."""
