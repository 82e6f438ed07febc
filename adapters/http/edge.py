"""What holds for every request before a route sees it: it is let in, its path is text, it is counted."""

import re
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from functools import cache
from ipaddress import ip_address
from time import perf_counter
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.access import Guard
from adapters.http.commands import COMMAND_PATH, CarryOut
from adapters.http.problems import BAD_REQUEST, answer_to, our_fault, problem
from adapters.http.recentcontact.calls import PREFIX, ProductCalls, route_of
from adapters.http.targets import wrong_target
from domain.ports import Unavailable

logger = structlog.get_logger("http")

ROUTE: Final = "convgroups.route"
HEAD: Final = "convgroups.head"
"""Where a request's scope says that nobody waits for a body."""


COMMANDS: Final = re.compile(r"/v1/users/([^/]+)/commands")


class Edge:
    """Refuses what must not reach a route, counts what does, and answers commands ahead of the framework.

    A path that is not UTF-8 or hides a slash: decoded loosely, either would name another user, and a query another
    group. And what `guard` refuses.

    Most requests are commands, and the framework's way to a route takes longer than all that is done there. And what is
    wrong with a call of the product is told in the product's way, by `product_calls`.
    """

    def __init__(
        self,
        app: ASGIApp,
        guard: Guard,
        requests: Counter,
        seconds: Histogram,
        carry_out: CarryOut | None = None,
        product_calls: ProductCalls | None = None,
    ) -> None:
        self._app = app
        self._guard = guard
        self._answered, self._took = cache(requests.labels), cache(seconds.labels)  # few, and long to look up
        self._carry_out = carry_out
        self._product_calls = product_calls

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
        if (refused := self._guard(scope)) is not None:
            return refused
        if self._product_calls is not None and scope["path"].startswith(PREFIX):
            scope[ROUTE] = route_of(scope["path"])
            return _responding(self._product_calls)
        if wrong := wrong_target(scope["raw_path"], scope["query_string"]):
            return problem(400, "malformed-path", wrong, BAD_REQUEST)
        if self._carry_out is not None and scope["method"] == "POST":
            command = COMMANDS.fullmatch(scope["path"])
            if command is not None:
                scope[ROUTE] = COMMAND_PATH
                return _responding(self._carry_out, command[1])
        return self._app


def _responding(answers: Callable[..., Awaitable[Response]], *arguments: str) -> ASGIApp:
    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        response = await answers(Request(scope, receive), *arguments)
        await response(scope, receive, send)

    return respond


def _route(scope: Scope) -> str:
    return str(scope.get(ROUTE) or getattr(scope.get("route"), "path", "none"))


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or address means this machine itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
