"""What a caller gives beside a command, over HTTP and on the command line alike: the app and the idempotency key."""

import re
from typing import Final

from domain.values import MAX_ID

DEFAULT_APP: Final = 1_400_000_000
"""The app of whoever names none."""

_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")


_APP: Final = re.compile(r"[1-9][0-9]{0,15}")


def read_app_id(given: str) -> int | None:
    """Read the ID of an app, from 1 to 2^53-1; None for what is none."""
    return int(given) if _APP.fullmatch(given) and int(given) <= MAX_ID else None


def read_key(given: str) -> str | None:
    """Read an idempotency key: in quotes or not it is the same one; None for what is none."""
    quoted = len(given) > 1 and given[0] == given[-1] == '"'
    key = re.sub(r'\\(["\\])', r"\1", given[1:-1]) if quoted else given
    return key if _VISIBLE.fullmatch(key) else None
