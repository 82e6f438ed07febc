"""What a caller gives beside a command, over HTTP and on the command line alike: the app and the idempotency key."""

import re
from typing import Final

DEFAULT_APP: Final = 1_400_000_000
"""The app of whoever names none."""

_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,255}")


def read_key(given: str) -> str | None:
    """Read an idempotency key: in quotes or not it is the same one; None for what is none."""
    quoted = len(given) > 1 and given[0] == given[-1] == '"'
    key = re.sub(r'\\(["\\])', r"\1", given[1:-1]) if quoted else given
    return key if _VISIBLE.fullmatch(key) else None
