"""Bodies of requests: JSON, and not without end."""

from asyncio import timeout
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from adapters.http.problems import REQUEST_TIMEOUT, RequestRefused
from adapters.http.writes import CONNECTION

MAX_BODY: Final = 1024 * 1024

LONGEST_BODY: Final = 30
"""Seconds; without an end, bodies that never come to one would be held for ever."""


async def read_json(request: Request) -> bytes:
    """Read a JSON body of at most 1 MiB, not yet parsed; raises `RequestRefused`."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RequestRefused(415, "not-json-content", "Send the body with Content-Type: application/json.", None)
    return await read_body(request)


async def read_body(request: Request) -> bytes:
    """Read a body of at most 1 MiB, whatever it is; raises `RequestRefused`."""
    body = bytearray()
    try:
        async with _in_time(request):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    too_large = f"A body has at most {MAX_BODY} bytes."
                    raise RequestRefused(413, "body-too-large", too_large, None, limit=MAX_BODY)
    except ClientDisconnect:
        raise RequestRefused(400, "body-cut-off", "The connection ended before the body did.") from None
    except TimeoutError:
        late = f"The body was not there after {LONGEST_BODY} s."
        raise RequestRefused(REQUEST_TIMEOUT, "body-too-slow", late, None, limit=LONGEST_BODY) from None
    return bytes(body)


def _in_time(request: Request) -> AbstractAsyncContextManager[Any]:
    """Bound the wait for a body; most have come with their head, and a timer costs a twentieth of a request."""
    connection = request.scope.get(CONNECTION)
    return timeout(LONGEST_BODY) if connection is None or connection.in_body else nullcontext()
