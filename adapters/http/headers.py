"""What a request's headers say beside who asks."""

import re
from typing import Final

from starlette.requests import Request

from adapters.given import read_key
from adapters.http.problems import RequestRefused
from domain.values import has_control_characters

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def idempotency_key(request: Request) -> str | None:
    """Read the header `Idempotency-Key`; the same key may stand in quotes or not."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = read_key(given)
    if key is None:
        raise RequestRefused(400, "malformed-header", "Idempotency-Key is 1 to 255 visible ASCII characters.")
    return key


def note(request: Request, header: str) -> str | None:
    """Read `Device-ID` or `Correlation-ID`: UTF-8 text of at most 128 characters; an empty one is none."""
    given = request.headers.get(header)
    if not given:
        return None
    try:
        text = given.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise RequestRefused(400, "malformed-header", f"{header} is not UTF-8.") from None
    if len(text) > 128 or has_control_characters(text):
        raise RequestRefused(400, "malformed-header", f"{header} is at most 128 characters, none of control.")
    return text


def traceparent(request: Request) -> str | None:
    """Read the trace that the request belongs to; as W3C Trace Context asks, a malformed one is passed over."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else None
