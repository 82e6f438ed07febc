"""What a request's path and query are made of, as they come over the wire."""

from typing import Final
from urllib.parse import unquote_to_bytes

ENCODED_SLASH: Final = b"%2f"


def wrong_target(raw_path: bytes, query: bytes) -> str | None:
    """Say what is wrong with a path or a query as it came over the wire; None where nothing is."""
    if ENCODED_SLASH in raw_path.lower():
        return "A user ID holds no slash, also not an encoded one."
    for name, given in (("path", raw_path), ("query", query)):
        if b"%" not in given and given.isascii():
            continue
        try:
            unquote_to_bytes(given).decode()
        except UnicodeDecodeError:
            return f"The {name} is not percent-encoded UTF-8."
    return None
