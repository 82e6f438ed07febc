"""Two ways to a user's groups: the database itself, or a service that is running. Both give the API's own JSON."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from domain.commands import Command

MOST_CONVERSATIONS = 1000
"""As many as a page of the API has at most."""


class Refused(Exception):  # noqa: N818 - an answer
    """The service refused; `problem` is its problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem)
        self.problem = problem


class Notes(NamedTuple):
    """What goes with a command."""

    key: str | None
    device: str
    correlation_id: str | None


class Told(NamedTuple):
    """One frame of the live feed."""

    cursor: str
    """Where the feed goes on behind it."""

    kind: str
    """`snapshot` or `change`."""

    data: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Give the frame as one object, with the feed's own names."""
        return {"event": self.kind, "id": self.cursor, "data": self.data}


class Caller(Protocol):
    """Whoever carries out what the command line asks."""

    def send(self, user: str, command: Command, notes: Notes, *, dry_run: bool) -> dict[str, Any]:
        """Carry out a command."""
        ...

    def groups(self, user: str) -> dict[str, Any]:
        """List a user's groups."""
        ...

    def conversations(self, user: str, group: str | int) -> dict[str, Any]:
        """List what is in one group, by its name or ID."""
        ...

    def history(self, user: str, after: int, limit: int) -> dict[str, Any]:
        """Tell a user's history."""
        ...

    def listen(self, user: str, cursor: str | None) -> AbstractContextManager[Iterator[Told]]:
        """Listen to the live feed, behind a cursor or from the start; raises `Unavailable`, also while it is told.

        Where the other side ends it, for whatever reason, the frames end.
        """
        ...
