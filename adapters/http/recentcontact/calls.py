"""`POST /v4/recentcontact/{call}`: always status 200, with `ActionStatus`, `ErrorCode` and `ErrorInfo`."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.bodies import read_body
from adapters.http.headers import idempotency_key, note, traceparent
from adapters.http.identity import Caller, Identity
from adapters.http.problems import BAD_REQUEST, RequestRefused
from adapters.http.reads import LOOKUP_LIMIT, ReadSide
from adapters.http.recentcontact import answers
from adapters.http.recentcontact.bodies import (
    CommandBody,
    CreateBody,
    DeleteBody,
    GetBody,
    QuestionBody,
    SearchBody,
    UpdateBody,
)
from adapters.http.recentcontact.credentials import act_on, sign_in
from adapters.http.recentcontact.failures import (
    NO_SUCH_CALL,
    CallRefused,
    code_and_info,
    fault,
    headers_of,
    not_understood,
)
from adapters.http.targets import wrong_target
from adapters.usersig import SignatureRefused
from domain.outcomes import Outcome
from domain.ports import Unavailable
from domain.refusals import Refusal
from domain.submission import Reply, Submission

logger = structlog.get_logger("http")

PREFIX: Final = "/v4/"
FOLDER: Final = "/v4/recentcontact/"

BODIES: Final[dict[str, type[CommandBody | QuestionBody]]] = {
    "create_contact_group": CreateBody,
    "update_contact_group": UpdateBody,
    "del_contact_group": DeleteBody,
    "get_contact_group": GetBody,
    "search_contact_group": SearchBody,
}
"""The calls that are served, and what is sent with each."""


class ProductCalls:
    """Answers requests to `/v4`; `answered` is told of every command's answer, to count it."""

    def __init__(
        self,
        carry_out: Callable[[Submission, int], Awaitable[Reply]],
        answered: Callable[..., None],
        read_side: ReadSide,
        identity: Identity,
    ) -> None:
        self._carry_out = carry_out
        self._answered = answered
        self._read_side = read_side
        self._identity = identity

    async def __call__(self, request: Request) -> Response:
        """Answer, whatever comes up: the product's libraries understand nothing but its answers."""
        try:
            return _ok(await self._answer(request))
        except (CallRefused, SignatureRefused, RequestRefused, Refusal, Unavailable) as error:
            return _fail(*code_and_info(error), headers_of(error))
        except CancelledError:  # by the server, which ends and waits no longer
            return _fail(*code_and_info(Unavailable("The service was ended in the middle")))
        except Exception:
            logger.exception("a request failed", method=request.method, route=request.url.path)
            return _fail(*fault())

    async def _answer(self, request: Request) -> dict[str, Any]:
        form = _form(request)
        if wrong := wrong_target(request.scope["raw_path"], request.scope["query_string"]):
            raise CallRefused(BAD_REQUEST, wrong)
        signed = sign_in(request, self._identity)
        content = await read_body(request)
        body = _parsed(form, content)
        who = act_on(signed, body.from_account, self._identity)
        if isinstance(body, GetBody | SearchBody):
            return await self._look_up(body, who)
        submission = Submission(
            sdk_app_id=who.sdk_app_id,
            user_id=who.user_id,
            actor=who.actor,
            device=note(request, "Device-ID"),
            correlation_id=note(request, "Correlation-ID"),
            traceparent=traceparent(request),
            key=idempotency_key(request),
            command=body.command,
        )
        return answers.done(body, await self._done(submission, len(content)))

    async def _done(self, submission: Submission, size: int) -> Outcome:
        reply = await self._carry_out(submission, size)
        result = reply.result
        if isinstance(result, Outcome | Refusal):
            self._answered(submission.command.command, result, replayed=reply.replayed)
        if not isinstance(result, Outcome):
            raise result
        return result

    async def _look_up(self, body: QuestionBody, who: Caller) -> dict[str, Any]:
        if isinstance(body, SearchBody) and len(body.contact_item) > LOOKUP_LIMIT:
            raise CallRefused(BAD_REQUEST, f"ContactItem names at most {LOOKUP_LIMIT} conversations.")
        lists = await run_in_threadpool(self._read_side.lists_of, who)
        return answers.found(lists, body) if isinstance(body, SearchBody) else answers.page(lists, body.start_index)


def route_of(path: str) -> str | None:
    """Give the name under which a call is counted; None for one that is not served."""
    return path if path.startswith(FOLDER) and path.removeprefix(FOLDER) in BODIES else None


def _form(request: Request) -> type[CommandBody | QuestionBody]:
    path = request.url.path
    call = path.removeprefix(FOLDER)
    if call == "mark_contact":
        raise CallRefused(NO_SUCH_CALL, "mark_contact is not served: this service holds groups, and no marks.")
    form = BODIES.get(call)
    if form is None or not path.startswith(FOLDER):
        raise CallRefused(NO_SUCH_CALL, f"{path} is not served; there are {', '.join(BODIES)} in {FOLDER}.")
    if request.method != "POST":
        raise CallRefused(NO_SUCH_CALL, f"{call} is called with POST, and not with {request.method}.")
    return form


def _parsed(form: type[CommandBody | QuestionBody], content: bytes) -> CommandBody | QuestionBody:
    try:
        return form.model_validate_json(content, by_alias=True, by_name=False)
    except ValidationError as error:
        raise not_understood(error) from None


def _ok(answer: dict[str, Any]) -> Response:
    return _json({**answer, "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""})


def _fail(code: int, info: str, headers: dict[str, str] | None = None) -> Response:
    return _json({"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info}, headers)


def _json(answer: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    # A contact that is none is sent back as it came, and may hold numbers that JSON does not have.
    return Response(to_json(answer, inf_nan_mode="null"), headers=headers, media_type="application/json")
