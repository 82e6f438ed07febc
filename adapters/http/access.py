"""From where the service may be called: by which host name, and by pages of which origins."""

import re
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from adapters.http.identity import Identity
from adapters.http.problems import problem

LOOPBACK_HOST: Final = re.compile(rb"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
FOREIGN_HOST: Final = "With CONVGROUPS_AUTH=off the service is for this machine: call it as localhost or 127.0.0.1."
FOREIGN_ORIGIN: Final = (
    "With CONVGROUPS_AUTH=off a page of another origin may not call: name its origin in CONVGROUPS_CORS_ORIGINS."
)

ANY_ORIGIN: Final = "*"

Guard = Callable[[Scope], Response | None]
"""Gives the refusal of what must not reach a route."""


class Access(NamedTuple):
    """Who may call, and from where."""

    identity: Identity
    guard: Guard
    origins: Collection[str] = ()
    """Whose pages may call; `*` for any."""


def let_everybody_in(_: Scope) -> Response | None:
    """Refuse nothing: whoever calls proves who they are."""
    return None


class LocalOnly:
    """Refuses, while every caller is trusted, what a page from anywhere could do by way of a browser here.

    By another host name than this machine's such a page could be of the same origin as the service. And a browser sends
    for any page what needs no permission: a body as plain text, to be read as JSON.
    """

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = origins

    def __call__(self, scope: Scope) -> Response | None:
        """Look at the host that was called, and at the origin of the page that called."""
        hosts = [value for name, value in scope["headers"] if name == b"host" and value]
        if not all(map(LOOPBACK_HOST.fullmatch, hosts)):
            return problem(403, "foreign-host", FOREIGN_HOST)
        for name, value in scope["headers"]:
            if name == b"origin" and not self._may_call(value.decode("latin-1").lower(), hosts):
                return problem(403, "foreign-origin", FOREIGN_ORIGIN)
        return None

    def _may_call(self, origin: str, hosts: Collection[bytes]) -> bool:
        if ANY_ORIGIN in self._origins or origin in self._origins:
            return True
        _, scheme, authority = origin.partition("://")
        return bool(scheme) and any(authority == host.decode("latin-1").lower() for host in hosts)


def open_to(origins: Collection[str], app: ASGIApp) -> ASGIApp:
    """Tell browsers whose pages may call, and what these may see of an answer."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=[
            "App-ID",
            "Authorization",
            "Content-Type",
            "Correlation-ID",
            "Device-ID",
            "Idempotency-Key",
            "If-None-Match",
            "Last-Event-ID",
            "traceparent",
        ],
        expose_headers=["ETag", "Idempotent-Replayed", "Retry-After"],
    )
