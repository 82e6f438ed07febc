"""Why a call of the product is not carried out, in the product's numbers: one table for the refusals of the domain."""

from typing import Final, assert_never

from pydantic import ValidationError

from adapters.http.problems import BAD_REQUEST, HEADERS, NOT_ABLE_NOW, OUR_FAULT, REQUEST_TIMEOUT, RequestRefused
from adapters.usersig import SignatureRefused
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

NOT_JSON, NO_SUCH_CALL, NEITHER_ADMIN_NOR_USER, NO_APP = 60002, 60009, 60010, 60012
"""Codes of the product's REST layer."""

CODES: Final[dict[type[Refusal], int]] = {
    MalformedUserID: 50002,
    ControlCharacters: 50002,
    GroupNameTaken: 50002,
    InBothLists: 50002,
    KeyReused: 50002,
    RevisionConflict: 50002,
    ConversationCount: 51006,
    GroupNotFound: 51009,
    TooManyGroups: 51010,
    GroupNameLength: 51011,
    PackageMissing: 51013,
}
"""The code of every refusal that a call as a whole can meet; its conversations have their own."""


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
            return CODES[type(error)], str(error)
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
    return CallRefused(BAD_REQUEST, f"{field}: {first['msg']}.")
