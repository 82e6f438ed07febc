"""Bodies of requests: JSON, and not without end."""

from typing import Final

from starlette.requests import ClientDisconnect, Request

from adapters.http.problems import RequestRefused

MAX_BODY: Final = 1024 * 1024


async def read_json(request: Request) -> bytes:
    """Read a JSON body of at most 1 MiB, not yet parsed; raises `RequestRefused`."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RequestRefused(415, "not-json-content", "Send the body with Content-Type: application/json.", None)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                too_large = f"A body has at most {MAX_BODY} bytes."
                raise RequestRefused(413, "body-too-large", too_large, None, limit=MAX_BODY)
    except ClientDisconnect:
        raise RequestRefused(400, "body-cut-off", "The connection ended before the body did.") from None
    return bytes(body)
