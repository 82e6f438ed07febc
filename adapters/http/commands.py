"""`POST /v1/users/{userID}/commands`: the one way to change groups."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.answers import answer_json
from adapters.http.bodies import read_json
from adapters.http.described import COMMAND_DOCS
from adapters.http.headers import idempotency_key, note, traceparent
from adapters.http.identity import Identity, UserID
from adapters.http.paging import malformed, only
from adapters.http.problems import RequestRefused, answer_to, not_understood, refused
from domain.commands import Command, parse_command
from domain.outcomes import Outcome
from domain.ports import Unavailable
from domain.refusals import Refusal
from domain.submission import Reply, Submission

COMMAND_PATH: Final = "/v1/users/{userID}/commands"

CarryOut = Callable[[Request, str], Awaitable[Response]]
"""Answers a request with a command for this user."""


def commands(
    carry_out: Callable[[Submission, int], Awaitable[Reply]],
    dry_run: Callable[[Submission], Outcome],
    answered: Callable[..., None],
    identity: Identity,
) -> CarryOut:
    """Give what answers commands; `answered` is told of every answer, to count it."""

    async def answer(request: Request, user_id: str) -> Response:
        who = identity.caller(request, user_id)
        device, correlation_id = note(request, "Device-ID"), note(request, "Correlation-ID")
        key = idempotency_key(request)
        body = await read_json(request)
        submission = Submission(
            sdk_app_id=who.sdk_app_id,
            user_id=who.user_id,
            actor=who.actor,
            device=device,
            correlation_id=correlation_id,
            traceparent=traceparent(request),
            key=key,
            command=read_command(body),
        )
        if is_dry_run(request):
            return _done(await run_in_threadpool(dry_run, submission))
        reply = await carry_out(submission, len(body))
        result = reply.result
        if not isinstance(result, Outcome | Refusal):
            raise result
        answered(submission.command.command, result, replayed=reply.replayed)
        response = refused(result) if isinstance(result, Refusal) else _done(result)
        if reply.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    async def answer_or_problem(request: Request, user_id: str) -> Response:
        try:
            return await answer(request, user_id)
        except (Refusal, RequestRefused, Unavailable) as error:
            return answer_to(error)

    return answer_or_problem


def command_routes(carry_out: CarryOut) -> APIRouter:
    """Give the route, which documents what `Edge` serves ahead of it."""
    router = APIRouter()

    @router.post(COMMAND_PATH, **COMMAND_DOCS)
    async def command(request: Request, user_id: UserID) -> Response:
        return await carry_out(request, user_id)

    return router


def read_command(body: bytes) -> Command:
    """Read a body, strictly; raises `RequestRefused`."""
    try:
        return parse_command.validate_json(body, by_alias=True, by_name=False)
    except ValidationError as error:
        raise not_understood(error) from None


def is_dry_run(request: Request) -> bool:
    """Read the query parameter `dryRun`."""
    if not request.scope["query_string"]:
        return False
    only(request, "dryRun")
    given = request.query_params.get("dryRun", "false")
    if given not in ("true", "false"):
        raise malformed("dryRun", "dryRun is true or false")
    return given == "true"


def _done(outcome: Outcome) -> Response:
    return Response(answer_json(outcome), media_type="application/json")
