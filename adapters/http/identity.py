"""Who asks, and what the request's headers say beside."""

import re
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Path
from starlette.requests import Request

from adapters.given import DEFAULT_APP, read_key
from adapters.http.problems import RequestRefused
from domain.refusals import MalformedUserID
from domain.values import MAX_ID, has_control_characters, is_user_id, stream_id

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,15}")
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


UserID = Annotated[str, Path(alias="userID", description="Whose groups; percent-encoded UTF-8.")]


@dataclass(frozen=True)
class Caller:
    """On whose groups a request is, and who sent it."""

    sdk_app_id: int
    user_id: str
    actor: str

    def __post_init__(self) -> None:
        """Refuse a user ID that names nobody."""
        if not is_user_id(self.user_id):
            raise MalformedUserID

    @property
    def stream(self) -> UUID:
        """The user's stream."""
        return stream_id(self.sdk_app_id, self.user_id)


def caller(request: Request, user_id: str) -> Caller:
    """Tell who asks, with authentication off: the user of the path, of the app in the header `App-ID`."""
    return Caller(app_id(request), user_id, actor=user_id)


def app_id(request: Request) -> int:
    """Read the header `App-ID`."""
    given = request.headers.get("App-ID")
    if given is None:
        return DEFAULT_APP
    if not _NUMBER.fullmatch(given) or int(given) > MAX_ID:
        raise RequestRefused(400, "malformed-header", "App-ID is a number from 1 to 2^53-1.")
    return int(given)


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
