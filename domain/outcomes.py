"""What a command did, item by item."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter

from domain.refusals import Refusal
from domain.values import WIRE

# Not frozen: with a handful made for every command, that alone would cost a tenth of deciding it.


@dataclass(slots=True)
class Item:
    """What became of one conversation that the command named."""

    conversation_id: str
    outcome: Literal["added", "already", "removed", "absent", "refused"]
    code: int | None = None
    message: str | None = None

    __pydantic_config__: ClassVar[ConfigDict] = WIRE

    @classmethod
    def refused(cls, conversation_id: str, refusal: Refusal) -> "Item":
        """Refuse this one conversation; the others of the command go their own way."""
        return cls(conversation_id, "refused", refusal.code, str(refusal))


@dataclass(slots=True)
class Recorded:
    """One event that the command recorded."""

    event_id: UUID | None
    """None in a dry run: nothing was recorded."""

    type: str
    revision: int

    __pydantic_config__: ClassVar[ConfigDict] = WIRE


@dataclass(slots=True)
class Outcome:
    """What the command did. It is a success also where some items, or all, were refused."""

    revision: int
    """The user's revision after the command."""

    group_id: int | None
    """None only where there is no group: a create of which every conversation was refused."""

    group_name: str
    """The name after the command; a deleted group's last one."""

    items: tuple[Item, ...] = ()
    """One for each different conversation, in the order given; of an update first `remove`, then `add`."""

    evicted: tuple[str, ...] = ()
    """Conversations that left all their groups to make room, oldest first."""

    events: tuple[Recorded, ...] = ()

    __pydantic_config__: ClassVar[ConfigDict] = WIRE


outcome_json: TypeAdapter[Outcome] = TypeAdapter(Outcome)
"""Writes an outcome as JSON (`dump_json`), and reads it again (`validate_json`)."""
