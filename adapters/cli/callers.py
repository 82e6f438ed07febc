"""Two ways to a user's groups: the database itself, or a service that is running. Both give the API's own JSON."""

from typing import Any, Protocol

from domain.commands import Command

ACTOR_DEVICE = "convgroups"


class Refused(Exception):  # noqa: N818 - an answer
    """The service refused; `problem` is its problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem)
        self.problem = problem


class Caller(Protocol):
    """Whoever carries out what the command line asks."""

    def send(self, user: str, command: Command, key: str | None, *, dry_run: bool) -> dict[str, Any]:
        """Carry out a command."""
        ...

    def groups(self, user: str) -> dict[str, Any]:
        """List a user's groups."""
        ...

    def history(self, user: str, after: int, limit: int) -> dict[str, Any]:
        """Tell a user's history."""
        ...
