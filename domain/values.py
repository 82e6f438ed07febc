"""The values that commands and events are made of, and when they are well formed."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

MAX_ID: Final = 2**53 - 1
"""The largest integer that every JSON reader, JavaScript's among them, keeps exact."""

GroupID = Annotated[int, Field(ge=1, le=MAX_ID)]
"""Counted per user from 1 and never used again, also not after the group is deleted."""

Revision = Annotated[int, Field(ge=0, le=MAX_ID)]
"""How many events a user's groups have recorded; 0 before the first."""

_STREAMS: Final = UUID("6a0f3f1e-3a55-5f0c-9a53-0d5f0c9b7a11")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONVERSATION: Final = re.compile("(?:C2C|GROUP)[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")  # a lone surrogate has no UTF-8
_SURELY_FITS: Final = 128 // 4
"""So many characters have at most 128 bytes."""


def wire_name(field: str) -> str:
    """Turn a field name into its name in JSON: `group_id` into `groupID`, `conversation_ids` into `conversationIDs`."""
    first, *others = field.split("_")
    return first + "".join({"id": "ID", "ids": "IDs"}.get(word, word.capitalize()) for word in others)


WIRE: Final = ConfigDict(alias_generator=wire_name, validate_by_name=True, serialize_by_alias=True, strict=True)
"""Strict types, and the names of JSON: no text for a number, no number for a truth value."""


class WireModel(BaseModel):
    """A frozen value with strict types and a JSON form."""

    model_config = ConfigDict(**WIRE, frozen=True)

    def to_json(self) -> bytes:
        """Give the compact JSON of this value in UTF-8."""
        return self.__pydantic_serializer__.to_json(self)


@lru_cache(maxsize=16)
def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(_iso)]
"""A moment in UTC with microseconds; in JSON always of one width, so that text sorts as time does."""


def has_control_characters(text: str) -> bool:
    """Tell whether `text` holds a control character (Unicode category Cc)."""
    return _CONTROL.search(text) is not None


def utf8_length(text: str) -> int | None:
    """Count the bytes of `text` in UTF-8; None for text that has no UTF-8 form (a lone surrogate)."""
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        return None


def is_conversation_id(text: str) -> bool:
    """Tell whether `text` is `C2C` or `GROUP` and more: at most 128 bytes of UTF-8, without control characters."""
    return _CONVERSATION.fullmatch(text) is not None and (len(text) <= _SURELY_FITS or len(text.encode()) <= 128)


def is_user_id(text: str) -> bool:
    """Tell whether `text` has 1 to 64 bytes of UTF-8 without control characters and without a slash."""
    length = utf8_length(text)
    return length is not None and 1 <= length <= 64 and "/" not in text and not has_control_characters(text)


@lru_cache(maxsize=65_536)
def stream_id(sdk_app_id: int, user_id: str) -> UUID:
    """Name the event stream of one user of one app."""
    return uuid5(_STREAMS, f"{sdk_app_id}:{user_id}")
