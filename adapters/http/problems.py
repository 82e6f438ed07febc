"""Refusals as RFC 9457 problem documents: one table says which status each has."""

import re
from typing import Any, Final

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

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

BAD_REQUEST, NOT_ABLE_NOW, OUR_FAULT = 50002, 50005, 50004
"""The product's codes for what is no rule of the domain."""

_BY_STATUS: Final = {404: "no-such-path", 405: "method-not-allowed"}


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
        "title": kind.replace("-", " ").capitalize(),
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


def not_understood(error: ValidationError) -> RequestRefused:
    """Turn what pydantic found wrong with a body into a refusal that names the fields."""
    errors = [
        {"field": ".".join(str(part) for part in one["loc"] if not _is_tag(part)), "message": one["msg"]}
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    if any(one["type"] == "json_invalid" for one in error.errors(include_url=False)):
        return RequestRefused(400, "not-json", errors[0]["message"])
    wrong = "; ".join(f"{one['field'] or 'the body'}: {one['message']}" for one in errors[:3])
    return RequestRefused(400, "malformed", wrong, errors=errors[:20])


def _is_tag(part: int | str) -> bool:
    return isinstance(part, str) and part[:1].isupper()


def answer_with_problems(app: FastAPI) -> None:
    """Make every refusal and error of `app` a problem document."""

    @app.exception_handler(Refusal)
    async def on_refusal(_: Request, refusal: Refusal) -> Response:
        return refused(refusal)

    @app.exception_handler(RequestRefused)
    async def on_request_refused(_: Request, error: RequestRefused) -> Response:
        return problem(error.status, error.kind, error.detail, error.code, **error.facts)

    @app.exception_handler(Unavailable)
    async def on_unavailable(_: Request, error: Unavailable) -> Response:
        return problem(503, "unavailable", f"{error}. Try again.", NOT_ABLE_NOW, {"Retry-After": "1"})

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        kind = _BY_STATUS.get(error.status_code, "not-served")
        detail = f"{request.method} {request.url.path}: {error.detail}."
        return problem(error.status_code, kind, detail, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def on_our_fault(_: Request, __: Exception) -> Response:
        return problem(500, "internal-error", "The service failed; its log says why. Try again.", OUR_FAULT)
