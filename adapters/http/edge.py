"""What holds for every request before a route sees it: it is meant for this host, its path is text, it is counted."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote_to_bytes

from prometheus_client import Counter
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.problems import BAD_REQUEST, problem

ENCODED_SLASH: Final = b"%2f"
FOREIGN_HOST: Final = "With CONVGROUPS_AUTH=off the service is for this machine: call it as localhost or 127.0.0.1."


class Edge:
    """Refuses what must not reach a route.

    A path that is not UTF-8 or hides a slash: decoded loosely, either would name another user. And, while every caller
    is trusted, any host name but this machine's: by another one a page from anywhere could call from a browser here.
    """

    def __init__(self, app: ASGIApp, requests: Counter) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def count(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if wrong := wrong_path(scope["raw_path"]):
                await problem(400, "malformed-path", wrong, BAD_REQUEST)(scope, receive, count)
            elif not is_loopback(Request(scope).url.hostname):
                await problem(403, "foreign-host", FOREIGN_HOST)(scope, receive, count)
            else:
                await self._app(scope, receive, count)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._requests.labels(route, str(status)).inc()


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or address means this machine itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def wrong_path(raw_path: bytes) -> str | None:
    """Say what is wrong with a path as it came over the wire; None where nothing is."""
    if ENCODED_SLASH in raw_path.lower():
        return "A user ID holds no slash, also not an encoded one."
    try:
        unquote_to_bytes(raw_path).decode()
    except UnicodeDecodeError:
        return "The path is not percent-encoded UTF-8."
    return None
