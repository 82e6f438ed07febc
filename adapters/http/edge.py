"""What holds for every request before a route sees it: it is let in, its path is text, it is counted."""

import re
from asyncio import CancelledError
from functools import cache
from ipaddress import ip_address
from time import perf_counter
from typing import Final
from urllib.parse import unquote_to_bytes

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.access import Guard
from adapters.http.commands import COMMAND_PATH, CarryOut
from adapters.http.problems import BAD_REQUEST, answer_to, our_fault, problem
from domain.ports import Unavailable

logger = structlog.get_logger("http")

ENCODED_SLASH: Final = b"%2f"
ROUTE: Final = "convgroups.route"
HEAD: Final = "convgroups.head"
"""Where a request's scope says that nobody waits for a body."""


COMMANDS: Final = re.compile(r"/v1/users/([^/]+)/commands")


class Edge:
    """Refuses what must not reach a route, counts what does, and answers commands ahead of the framework.

    A path that is not UTF-8 or hides a slash: decoded loosely, either would name another user, and a query another
    group. And what `guard` refuses.

    Most requests are commands, and the framework's way to a route takes longer than all that is done there.
    """

    def __init__(
        self, app: ASGIApp, guard: Guard, requests: Counter, seconds: Histogram, carry_out: CarryOut | None = None
    ) -> None:
        self._app = app
        self._guard = guard
        self._answered, self._took = cache(requests.labels), cache(seconds.labels)  # few, and long to look up
        self._carry_out = carry_out

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # Answered as GET is, by RFC 9110; the server leaves the body out.
            scope = {**scope, "method": "GET", HEAD: True}
        status: int | None = None
        ended = False
        begin = perf_counter()

        async def count(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                self._took(_route(scope)).observe(perf_counter() - begin)
            else:
                ended = not message.get("more_body", False)
            await send(message)

        try:
            await self._server(scope)(scope, receive, count)
        except CancelledError:  # by the server, which ends and waits no longer
            if status is not None:
                raise
            await answer_to(Unavailable("The service was ended in the middle"))(scope, receive, count)
        except Exception:
            # Answered here: were it raised further, the server would close the connection under the next request.
            if status is not None and not ended:
                raise
            logger.exception("a request failed", method=scope["method"], route=_route(scope))
            if status is None:
                await our_fault()(scope, receive, count)
        finally:
            self._answered(_route(scope), str(status or 500)).inc()

    def _server(self, scope: Scope) -> ASGIApp:
        """Give what answers a request."""
        if wrong := wrong_target(scope["raw_path"], scope["query_string"]):
            return problem(400, "malformed-path", wrong, BAD_REQUEST)
        if (refused := self._guard(scope)) is not None:
            return refused
        if self._carry_out is not None and scope["method"] == "POST":
            command = COMMANDS.fullmatch(scope["path"])
            if command is not None:
                scope[ROUTE] = COMMAND_PATH
                return _command(self._carry_out, command[1])
        return self._app


def _command(carry_out: CarryOut, user_id: str) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await carry_out(Request(scope, receive), user_id)
        await response(scope, receive, send)

    return answer


def _route(scope: Scope) -> str:
    return str(scope.get(ROUTE) or getattr(scope.get("route"), "path", "none"))


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or address means this machine itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


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
