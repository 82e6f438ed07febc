"""Why a call of the product is not carried out, in the product's numbers."""

from typing import assert_never

from pydantic import ValidationError

from adapters.http.problems import BAD_REQUEST, HEADERS, NOT_ABLE_NOW, OUR_FAULT, REQUEST_TIMEOUT, RequestRefused
from adapters.usersig import SignatureRefused
from domain.ports import Unavailable
from domain.refusals import Refusal

NOT_JSON, NO_SUCH_CALL, NEITHER_ADMIN_NOR_USER, NO_APP = 60002, 60009, 60010, 60012
"""Codes of the product's REST layer."""


class CallRefused(Exception):  # noqa: N818 - an answer
    """The call says nothing that could be carried out, or is not for whoever calls."""

    def __init__(self, code: int, info: str) -> None:
        super().__init__(code, info)
        self.code, self.info = code, info


Failure = CallRefused | SignatureRefused | RequestRefused | Refusal | Unavailable


def code_and_info(error: Failure) -> tuple[int, str]:
    """Say what an answer says."""
    match error:
        case CallRefused():
            return error.code, error.info
        case SignatureRefused():
            return error.code, str(error)
        case RequestRefused():
            return NOT_ABLE_NOW if error.status == REQUEST_TIMEOUT else BAD_REQUEST, error.detail
        case Refusal():
            return error.code or BAD_REQUEST, str(error)  # the product knows no keys and no revisions
        case Unavailable():
            return NOT_ABLE_NOW, f"{error}. Try again."
        case _:
            assert_never(error)


def headers_of(error: Failure) -> dict[str, str] | None:
    """Give what goes with the answer on this connection."""
    return HEADERS.get(error.status) if isinstance(error, RequestRefused) else None


def fault() -> tuple[int, str]:
    """Say it of an error that nobody thought of."""
    return OUR_FAULT, "The service failed; its log says why. Try again."


def not_understood(error: ValidationError) -> CallRefused:
    """Say what pydantic found wrong with a body."""
    [first, *_] = error.errors(include_url=False, include_input=False, include_context=False)
    if first["type"] == "json_invalid":
        return CallRefused(NOT_JSON, f"The body is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}.")
    field = ".".join(map(str, first["loc"])) or "the body"
    words = "give one, not more" if first["type"] == "too_long" else first["msg"]
    return CallRefused(BAD_REQUEST, f"{field}: {words}. `/docs` has an example of each call.")
