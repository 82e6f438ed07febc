"""Frames as they are sent, and the cursor that each carries: in which log, behind which revision of the user."""

import re
from typing import Final
from uuid import UUID

from pydantic_core import to_json

from projections.notifications import Frame

_CURSOR: Final = re.compile(r"([0-9a-f]{32})-([0-9]{1,16})")


def write_cursor(log_id: UUID, revision: int) -> str:
    """Give the cursor behind a revision; readers hand it back as it is."""
    return f"{log_id.hex}-{revision}"


def read_cursor(given: str, log_id: UUID) -> int | None:
    """Give the revision of a cursor of this log; None for one of another log, and for what is no cursor."""
    cursor = _CURSOR.fullmatch(given)
    return int(cursor[2]) if cursor is not None and cursor[1] == log_id.hex else None


def encode(frame: Frame, log_id: UUID) -> bytes:
    """Give a frame as a server-sent event."""
    cursor = write_cursor(log_id, frame.revision)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (cursor.encode(), frame.kind.encode(), to_json(frame.data))
