"""Refusals as RFC 9457 problem documents: one table says which status each has."""

import re
from typing import Any, Final, assert_never, get_args

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from domain.commands import Command
from domain.ports import Unavailable
from domain.refusals import (
    ControlCharacters,
    ConversationCount,
    GroupNameLength,
    GroupNameTaken,
    GroupNotFound,
    InBothLists,
    KeyReused,
    MalformedUserID,
    PackageMissing,
    Refusal,
    RevisionConflict,
    TooManyGroups,
)
from domain.values import wire_name

STATUS: Final[dict[type[Refusal], int]] = {
    MalformedUserID: 400,
    PackageMissing: 403,
    GroupNotFound: 404,
    RevisionConflict: 409,
    ControlCharacters: 422,
    ConversationCount: 422,
    GroupNameLength: 422,
    GroupNameTaken: 422,
    InBothLists: 422,
    KeyReused: 422,
    TooManyGroups: 422,
}
"""The status of every refusal that a command as a whole can meet."""

REQUEST_TIMEOUT: Final = 408

BAD_REQUEST, NOT_ABLE_NOW, OUR_FAULT, NOT_ALLOWED = 50002, 50005, 50004, 50003
"""The product's codes for what is no rule of the domain."""

# The rest of a body that was given up may yet come: nothing else is to be read from that connection.
HEADERS: Final = {401: {"WWW-Authenticate": "UserSig"}, REQUEST_TIMEOUT: {"Connection": "close"}}

_BY_STATUS: Final = {404: "no-such-path", 405: "method-not-allowed"}
_COMMANDS: Final = [(command.__name__,) for command in get_args(Command)]

MANY: Final = 1000
"""With more errors than that, to list them takes longer than anybody would read them."""


class RequestRefused(Exception):  # noqa: N818 - an answer
    """The request says nothing that could be a command or a question; `facts` are further members of the problem."""

    def __init__(self, status: int, kind: str, detail: str, code: int | None = BAD_REQUEST, **facts: Any) -> None:
        super().__init__(status, kind, detail)
        self.status, self.kind, self.detail, self.code, self.facts = status, kind, detail, code, facts


def problem(
    status: int, kind: str, detail: str, code: int | None = None, headers: dict[str, str] | None = None, **facts: Any
) -> Response:
    """Give a problem document; `kind` is the last part of its type, and in words its title."""
    body = {
        "type": f"urn:conversation-groups:problem:{kind}",
        "title": kind.replace("-", " ").capitalize().replace("json", "JSON"),
        "status": status,
        "detail": detail,
        **({} if code is None else {"code": code}),
        **facts,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def refused(refusal: Refusal) -> Response:
    """Give the problem document of a refusal of the domain."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(refusal).__name__).lower()
    facts = {wire_name(name): value for name, value in refusal.facts().items()}
    return problem(STATUS[type(refusal)], kind, str(refusal), refusal.code, **facts)


def our_fault() -> Response:
    """Give the problem document of an error that nobody thought of."""
    return problem(500, "internal-error", "The service failed; its log says why. Try again.", OUR_FAULT)


def not_understood(error: ValidationError) -> RequestRefused:
    """Turn what pydantic found wrong with a body into a refusal that names the fields."""
    count = error.error_count()
    if count > MANY:
        return RequestRefused(400, "malformed", f"{count} things are wrong with the body.")
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return RequestRefused(400, "not-json", found[0]["msg"])
    errors = [{"field": _field(one["loc"]), "message": _message(one)} for one in found]
    wrong = "; ".join(f"{one['field'] or 'the body'}: {one['message']}" for one in errors[:3])
    return RequestRefused(400, "malformed", wrong, errors=errors[:20])


def _message(error: Any) -> str:
    if error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        return f"`command` is one of {', '.join(name for (name,) in _COMMANDS)}"
    if error["type"] == "extra_forbidden":
        return "there is no such field here"
    message: str = error["msg"]
    return message.removeprefix("Value error, ")


def _field(path: tuple[int | str, ...]) -> str:
    """Name a field as the caller does; pydantic's path begins with the command that it took the body for."""
    return ".".join(map(str, path[1:] if path[:1] in _COMMANDS else path))


def answer_to(error: Refusal | RequestRefused | Unavailable) -> Response:
    """Give the problem document of whatever keeps a request from being served, and is no fault of ours."""
    match error:
        case RequestRefused():
            headers = HEADERS.get(error.status)
            return problem(error.status, error.kind, error.detail, error.code, headers, **error.facts)
        case Unavailable():
            return problem(503, "unavailable", f"{error}. Try again.", NOT_ABLE_NOW, {"Retry-After": "1"})
        case Refusal():
            return refused(error)
        case _:
            assert_never(error)


def answer_with_problems(app: FastAPI) -> None:
    """Make every refusal of `app` a problem document."""

    @app.exception_handler(Refusal)
    @app.exception_handler(RequestRefused)
    @app.exception_handler(Unavailable)
    async def on_refusal(_: Request, error: Refusal | RequestRefused | Unavailable) -> Response:
        return answer_to(error)

    @app.exception_handler(Exception)
    async def on_fault(_: Request, __: Exception) -> Response:
        return our_fault()

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        kind = _BY_STATUS.get(error.status_code, "not-served")
        detail = f"{request.method} {request.url.path}: {error.detail}."
        headers = dict(error.headers or {})
        if headers.get("Allow") == "GET":
            headers["Allow"] = "GET, HEAD"  # which `Edge` sees to
        return problem(error.status_code, kind, detail, headers=headers)
