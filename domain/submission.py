"""A command on its way in, and what comes back."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from domain.commands import Command
from domain.outcomes import Outcome
from domain.ports import Key
from domain.refusals import MalformedUserID
from domain.values import is_user_id, stream_id


@dataclass(slots=True, kw_only=True)
class Submission:
    """A command, whose groups it is for, and who sent it."""

    sdk_app_id: int
    user_id: str
    command: Command
    actor: str
    device: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
    key: str | None = None
    """The idempotency key; without one nothing is kept."""

    stream: UUID = field(init=False)
    """The stream of the user whose groups the command is for."""

    scoped_key: Key | None = field(init=False)
    """The idempotency key among those of its user: another user's is another key."""

    def __post_init__(self) -> None:
        """Refuse a user ID that names nobody: no such submission can be made."""
        self.stream = _stream_of(self.sdk_app_id, self.user_id)
        self.scoped_key = None if self.key is None else Key(self.sdk_app_id, self.user_id, self.key)


@lru_cache(maxsize=65_536)
def _stream_of(sdk_app_id: int, user_id: str) -> UUID:
    if not is_user_id(user_id):
        raise MalformedUserID
    return stream_id(sdk_app_id, user_id)


class Reply(NamedTuple):
    """What became of a submission; it is durable when the caller sees it."""

    result: Outcome | Exception
    """The outcome; a `Refusal`; or what else kept this one command from being carried out: nothing of it is done."""

    replayed: bool = False
    """Whether this is the result of an earlier command with the same idempotency key."""
