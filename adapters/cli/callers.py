"""Two ways to a user's groups: the database itself, or a service that is running. Both give the API's own JSON."""

import json
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote
from uuid import UUID

import httpx
from starlette.responses import Response

from adapters.http.answers import CommandAnswer, GroupList, HistoryPage
from adapters.http.problems import refused
from adapters.main import Store, open_store, open_store_to_write
from adapters.settings import Settings
from domain.commands import Command
from domain.outcomes import Outcome
from domain.ports import Unavailable
from domain.refusals import MalformedUserID, Refusal
from domain.service import Submission
from domain.values import is_user_id, stream_id
from projections.group_lists import current_lists
from projections.history import current_history

ACTOR_DEVICE = "convgroups"


class Refused(Exception):  # noqa: N818 - an answer
    """The service refused; `problem` is its problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem)
        self.problem = problem


class Caller(Protocol):
    """Whoever carries out what the command line asks."""

    def send(self, user: str, command: Command, key: str | None, *, dry_run: bool) -> dict[str, Any]:
        """Carry out a command."""
        ...

    def groups(self, user: str) -> dict[str, Any]:
        """List a user's groups."""
        ...

    def history(self, user: str, after: int, limit: int) -> dict[str, Any]:
        """Tell a user's history."""
        ...


class Direct(NamedTuple):
    """Asks the database."""

    settings: Settings
    app_id: int

    def send(self, user: str, command: Command, key: str | None, *, dry_run: bool) -> dict[str, Any]:
        """Carry out a command; raises `HeldElsewhere` while a service runs on the database."""
        try:
            submission = Submission(
                sdk_app_id=self.app_id, user_id=user, command=command, actor=user, device=ACTOR_DEVICE, key=key
            )
            with open_store(self.settings) if dry_run else open_store_to_write(self.settings) as store:
                return _parsed(CommandAnswer.of(_carry_out(store, submission, dry_run=dry_run)).to_json())
        except Refusal as refusal:
            raise Refused(_body(refused(refusal))) from None

    def groups(self, user: str) -> dict[str, Any]:
        """List a user's groups."""
        with open_store(self.settings) as store:
            lists = current_lists(store.log, store.group_lists, self._stream(user))
            return _parsed(GroupList.of(lists, store.log.log_id()).to_json())

    def history(self, user: str, after: int, limit: int) -> dict[str, Any]:
        """Tell a user's history."""
        with open_store(self.settings) as store:
            stream = self._stream(user)
            revision = store.log.revision(stream)
            rows = current_history(store.log, store.history, stream, after, limit + 1)
            return _parsed(HistoryPage.of(revision, rows, limit).to_json())

    def _stream(self, user: str) -> UUID:
        if not is_user_id(user):
            raise Refused(_body(refused(MalformedUserID())))
        return stream_id(self.app_id, user)


class Remote(NamedTuple):
    """Asks a service."""

    client: httpx.Client

    def send(self, user: str, command: Command, key: str | None, *, dry_run: bool) -> dict[str, Any]:
        """Carry out a command."""
        headers = {"Content-Type": "application/json", "Device-ID": ACTOR_DEVICE}
        if key is not None:
            headers["Idempotency-Key"] = key
        body = command.model_dump(mode="json", exclude_unset=True) | {"command": command.command}
        return self._ask("POST", user, "commands", {"dryRun": str(dry_run).lower()}, headers, body)

    def groups(self, user: str) -> dict[str, Any]:
        """List a user's groups."""
        return self._ask("GET", user, "groups")

    def history(self, user: str, after: int, limit: int) -> dict[str, Any]:
        """Tell a user's history."""
        return self._ask("GET", user, "history", {"after": after, "limit": limit})

    def _ask(
        self,
        method: str,
        user: str,
        what: str,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        path = f"/v1/users/{quote(user, safe='')}/{what}"
        try:
            response = self.client.request(method, path, params=params, headers=headers, json=body)
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"{self.client.base_url} does not answer as the service would: {error}") from error
        if response.status_code == httpx.codes.OK:
            return answer
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(answer.get("detail", "the service failed"))
        raise Refused(answer)


def _carry_out(store: Store, submission: Submission, *, dry_run: bool) -> Outcome:
    if dry_run:
        return store.groups.dry_run(submission)
    [reply] = store.groups.handle([submission])
    if isinstance(reply.result, Refusal):
        raise reply.result
    return reply.result


def _body(response: Response) -> dict[str, Any]:
    return _parsed(bytes(response.body))


def _parsed(body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(body)
    return answer
