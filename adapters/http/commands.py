"""`POST /v1/users/{userID}/commands`: the one way to change groups."""

from collections.abc import Callable

from anyio import Lock, fail_after
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.answers import CommandAnswer
from adapters.http.bodies import read_json
from adapters.http.described import COMMAND_DOCS
from adapters.http.identity import UserID, caller, idempotency_key, note, traceparent
from adapters.http.paging import malformed, only
from adapters.http.problems import not_understood, refused
from domain.commands import Command, parse_command
from domain.outcomes import Outcome
from domain.ports import Unavailable
from domain.refusals import Refusal
from domain.service import ConversationGroups, Reply, Submission

LONGEST_WAIT = 10
"""Seconds after which a command that has not begun is answered with 503; nothing of it is done then."""


def command_routes(groups: ConversationGroups, answered: Callable[..., None]) -> APIRouter:
    """Give the route; `answered` is told of every answer, to count it."""
    router = APIRouter()
    turns = Lock()

    async def in_turn(submission: Submission) -> Reply:
        """Wait for the commands before it here, where that keeps no thread from reads and from `/readyz`."""
        try:
            with fail_after(LONGEST_WAIT):
                await turns.acquire()
        except TimeoutError:
            raise Unavailable(f"The commands before this one took more than {LONGEST_WAIT} s") from None
        try:
            [reply] = await run_in_threadpool(groups.handle, [submission])
        finally:
            turns.release()
        return reply

    @router.post("/v1/users/{userID}/commands", **COMMAND_DOCS)
    async def carry_out(request: Request, user_id: UserID) -> Response:
        who = caller(request, user_id)
        submission = Submission(
            sdk_app_id=who.sdk_app_id,
            user_id=who.user_id,
            actor=who.actor,
            device=note(request, "Device-ID"),
            correlation_id=note(request, "Correlation-ID"),
            traceparent=traceparent(request),
            key=idempotency_key(request),
            command=await read_command(request),
        )
        if is_dry_run(request):
            return _done(await run_in_threadpool(groups.dry_run, submission))
        reply = await in_turn(submission)
        answered(submission.command.command, reply.result, replayed=reply.replayed)
        response = refused(reply.result) if isinstance(reply.result, Refusal) else _done(reply.result)
        if reply.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    return router


async def read_command(request: Request) -> Command:
    """Read the body, strictly; raises `RequestRefused`."""
    try:
        return parse_command.validate_json(await read_json(request), by_alias=True, by_name=False)
    except ValidationError as error:
        raise not_understood(error) from None


def is_dry_run(request: Request) -> bool:
    """Read the query parameter `dryRun`."""
    only(request, "dryRun")
    given = request.query_params.get("dryRun", "false")
    if given not in ("true", "false"):
        raise malformed("dryRun", "dryRun is true or false")
    return given == "true"


def _done(outcome: Outcome) -> Response:
    return Response(CommandAnswer.of(outcome).to_json(), media_type="application/json")
