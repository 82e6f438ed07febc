"""What an app allows its users: declared once, checked by `decide`."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from domain.values import WireModel

Count = Annotated[int, Field(ge=1)]

MOST_GROUPS = 500
"""No app can allow more: what a command evicts makes an event for each group, and all of them are told at once."""


class Limits(WireModel):
    """How much one user may have. The defaults are the product's."""

    groups: Annotated[int, Field(ge=1, le=MOST_GROUPS)] = 20
    """Groups of one user; one more is refused with 51010."""

    name_bytes: Count = 32
    """Bytes of a group's name in UTF-8, at least 1; otherwise refused with 51011."""

    conversations_per_command: Count = 100
    """Different conversations that one command names; more are refused with 51006."""

    conversations: Count = 1000
    """Different conversations that are in any group of one user; see `overflow`."""

    overflow: Literal["reject", "evict-oldest"] = "reject"
    """What happens to one conversation more: refused with 51008, or the earliest-added ones leave all their groups."""


@dataclass(frozen=True)
class Policy:
    """What holds for one app."""

    limits: Limits = field(default_factory=Limits)
    entitled: bool = True
    """Whether the app has the package with conversation groups; without it every command is refused with 51013."""
