"""The way to a user's groups through a service that is running."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx
from httpx_sse import EventSource, ServerSentEvent

from adapters.cli.callers import MOST_CONVERSATIONS, Notes, Refused, Told
from adapters.cli.words import WrongUsage
from domain.commands import Command
from domain.ports import Unavailable

PATIENCE: Final = 30.0
"""Seconds to wait for an answer."""

QUIET: Final = 40.0
"""Seconds without a word after which a feed, which says something every 15 s, is lost."""

_USERSIG: Final = re.compile(r"[A-Za-z0-9*_-]+")


class Remote(NamedTuple):
    """Asks a service; implements `Caller`."""

    client: httpx.Client

    @classmethod
    def at(cls, url: str, usersig: str | None, app_id: int | None) -> "Remote":
        """Ask the service at `url`, as whom the signature names; raises `WrongUsage`."""
        try:
            known = httpx.URL(url).scheme in ("http", "https")
        except httpx.InvalidURL:
            known = False
        if not known:
            raise WrongUsage(f"--url {url}: give an address such as http://127.0.0.1:8080")
        if usersig is not None and not _USERSIG.fullmatch(usersig):
            raise WrongUsage("--usersig: this is none; `convgroups token USER` makes one")
        given = {
            "App-ID": None if app_id is None else str(app_id),
            "Authorization": None if usersig is None else f'UserSig usersig="{usersig}"',
        }
        headers = {name: value for name, value in given.items() if value is not None}
        return cls(httpx.Client(base_url=url, headers=headers, timeout=PATIENCE))

    def send(self, user: str, command: Command, notes: Notes, *, dry_run: bool) -> dict[str, Any]:
        """Carry out a command."""
        given = {
            "Content-Type": "application/json",
            "Device-ID": notes.device,
            "Correlation-ID": notes.correlation_id,
            "Idempotency-Key": notes.key,
        }
        headers = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
        body = command.model_dump(mode="json", exclude_unset=True) | {"command": command.command}
        return self._ask("POST", user, "commands", {"dryRun": str(dry_run).lower()}, headers, body)

    def groups(self, user: str) -> dict[str, Any]:
        """List a user's groups."""
        return self._ask("GET", user, "groups")

    def conversations(self, user: str, group: str | int) -> dict[str, Any]:
        """List what is in one group."""
        named = {"groupID" if isinstance(group, int) else "groupName": group}
        return self._ask("GET", user, "conversations", {**named, "limit": MOST_CONVERSATIONS})

    def history(self, user: str, after: int, limit: int) -> dict[str, Any]:
        """Tell a user's history."""
        return self._ask("GET", user, "history", {"after": after, "limit": limit})

    @contextmanager
    def listen(self, user: str, cursor: str | None) -> Iterator[Iterator[Told]]:
        """Listen to the live feed, by server-sent events."""
        headers = [(b"Accept", b"text/event-stream"), (b"Connection", b"close")]
        headers += [] if cursor is None else [(b"Last-Event-ID", cursor.encode())]
        patience = httpx.Timeout(PATIENCE, read=QUIET)
        try:
            with self.client.stream("GET", _path(user, "events"), headers=headers, timeout=patience) as response:
                if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                    response.read()
                    self._refuse(response)
                    raise self._no_service(f"{response.status_code} and no live feed")
                yield map(_told, filter(_says_something, EventSource(response).iter_sse()))
        except (httpx.HTTPError, ValueError) as error:
            raise self._no_service(str(error)) from error

    def _ask(
        self,
        method: str,
        user: str,
        what: str,
        params: dict[str, Any] | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        try:
            with self.client:
                response = self.client.request(method, _path(user, what), params=params, headers=headers, json=body)
            self._refuse(response)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise self._no_service(str(error)) from error
        if response.status_code != httpx.codes.OK or "revision" not in answer:
            raise self._no_service(f"{response.status_code} and no answer of the API")
        found: dict[str, Any] = answer
        return found

    def _refuse(self, response: httpx.Response) -> None:
        """Raise what a problem document stands for, where the answer is one."""
        if response.headers.get("Content-Type") != "application/problem+json":
            return
        problem = response.json()
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise Unavailable(problem["detail"])
        if response.status_code == httpx.codes.UNAUTHORIZED:
            problem["detail"] += " Here: --usersig, or CONVGROUPS_USERSIG; `convgroups token` makes one."
        raise Refused(problem)

    def _no_service(self, why: str) -> Unavailable:
        return Unavailable(
            f"{self.client.base_url} does not answer as the service would: {why}. See that it runs there, and --url"
        )


def _path(user: str, what: str) -> str:
    """Encode a user ID for a path; of dots alone it would mean a folder, and bytes that are no text go as they are."""
    encoded = quote(user, safe="", errors="surrogateescape")
    return f"/v1/users/{encoded if encoded.strip('.') else encoded.replace('.', '%2E')}/{what}"


def _says_something(event: ServerSentEvent) -> bool:
    return event.event in ("snapshot", "change")  # a comment ends with an empty line, which is taken for an event


def _told(event: ServerSentEvent) -> Told:
    return Told(event.id, event.event, json.loads(event.data))
