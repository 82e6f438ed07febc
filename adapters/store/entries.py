"""What every log has in common: rows become entries, up to one that cannot be read."""

from collections.abc import Iterable

from domain.ports import Entry
from domain.stored import Stored, UnreadableEvent, load

Row = tuple[int, Stored]
"""A position, and what stands there."""


def every_entry(rows: Iterable[Row]) -> list[Entry]:
    """Load entries; raises `UnreadableEvent`."""
    return [Entry(position, load(stored), stored.value) for position, stored in rows]


def readable_entries(rows: Iterable[Row]) -> list[Entry]:
    """Load entries up to one that cannot be read: what stands before it can still be handled.

    Raises `UnreadableEvent` where that is the first.
    """
    entries: list[Entry] = []
    for position, stored in rows:
        try:
            entries.append(Entry(position, load(stored), stored.value))
        except UnreadableEvent:
            if not entries:
                raise
            break
    return entries
