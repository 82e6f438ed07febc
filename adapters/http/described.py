"""How `/docs` describes each route: its parameters, its answers, and what it refuses."""

import json
from typing import Any, Final

from starlette.responses import PlainTextResponse

from adapters.http import answers, examples
from domain.limits import Limits


class EventStream(PlainTextResponse):
    """What the feed answers with."""

    media_type = "text/event-stream"


def _examples(named: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in named.items()}


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": schema or {"type": "string"}}


def _answers(model: type[Any], headers: dict[str, Any], **named: Any) -> dict[str, Any]:
    content = {"application/json": {"examples": _examples(named)}}
    return {"description": "Done", "model": model, "headers": headers, "content": content}


def _problems(description: str, *refusals: examples.Refusals, **headers: Any) -> dict[str, Any]:
    bodies = {name: json.loads(bytes(answer.body)) for named in refusals for name, answer in named.items()}
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"application/problem+json": {"schema": schema, "examples": _examples(bodies)}}
    return {"description": description, "headers": headers, "content": content}


def _parameter(name: str, where: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": False, "description": description, "schema": schema}


def _body(schema: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": _examples(named)}}}


SIGN_HOW: Final = (
    'With CONVGROUPS_AUTH=usersig, on every route under `/v1/`: `UserSig usersig="..."`. `convgroups token` makes one.'
)

_APP = _parameter("App-ID", "header", "The app whose user it is.", type="integer", default=1400000000)
SIGNED: Final = {"UserSig": {"type": "apiKey", "in": "header", "name": "Authorization", "description": SIGN_HOW}}
"""How a caller signs, with `CONVGROUPS_AUTH=usersig`."""

_LIMIT = _parameter("limit", "query", "Rows of a page.", type="integer", minimum=1, maximum=1000, default=100)
_TAG = _parameter("If-None-Match", "header", "The `ETag` of an answer at hand: 304 if it still holds.", type="string")
_NAME = _parameter("groupName", "query", "One group's conversations alone.", type="string")
_ID = _parameter("groupID", "query", "One group's conversations alone.", type="integer", minimum=1)

_REPLAYED = {"Idempotent-Replayed": _header("`true` where this is the answer of an earlier command with the same key.")}
_ETAG = {"ETag": _header("Names this answer; send it back as `If-None-Match`.")}

_OF_ALL: Final = {
    401: _problems("Not signed in", examples.NOT_SIGNED, **{"WWW-Authenticate": _header("`UserSig`.")}),
    500: _problems("Our fault", examples.INTERNAL),
    503: _problems("Not able now", examples.UNAVAILABLE, **{"Retry-After": _header("Seconds.", type="integer")}),
    "default": _problems("Another method than this path has", examples.OTHER_METHOD, Allow=_header("The methods.")),
}
_OF_BODIES: Final = {
    408: _problems("Too slow", examples.TOO_SLOW),
    413: _problems("Too large", examples.TOO_LARGE),
    415: _problems("Not JSON", examples.CONTENT),
}

COMMAND_DOCS: Final[dict[str, Any]] = {
    "summary": "Carry out a command",
    "description": "Answered when it is durable, never before. Some conversations may be refused while others are not.",
    "tags": ["commands"],
    "responses": {
        200: _answers(
            answers.CommandAnswer,
            _REPLAYED,
            done=examples.DONE,
            **{"nothing to record": examples.NOTHING, "no group": examples.NO_GROUP, "dry run": examples.DRY_RUN},
        ),
        400: _problems("Not a command", examples.MALFORMED, examples.NOT_JSON),
        403: _problems("Not allowed", examples.PACKAGE, examples.FOREIGN_HOST, examples.NOT_YOURS),
        404: _problems("No such group", examples.NOT_THERE),
        409: _problems("Another revision is current", examples.CONFLICT),
        422: _problems("Understood, and against a rule", examples.AGAINST_A_RULE),
        **_OF_BODIES,
        **_OF_ALL,
    },
    "openapi_extra": {
        "parameters": [
            _APP,
            _parameter(
                "Idempotency-Key", "header", "Sent again with the same key, a command is done once.", type="string"
            ),
            _parameter("Device-ID", "header", "Which of the user's devices it is.", type="string", maxLength=128),
            _parameter("Correlation-ID", "header", "Handed on to the events.", type="string", maxLength=128),
            _parameter("traceparent", "header", "W3C Trace Context; handed on to the events.", type="string"),
            _parameter("dryRun", "query", "Tell what would happen, and do nothing.", type="boolean", default=False),
        ],
        "requestBody": _body(
            {
                "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in examples.COMMANDS],
                "discriminator": {"propertyName": "command"},
            },
            examples.COMMANDS,
        ),
    },
}


def _read(summary: str, model: type[Any], example: Any, *parameters: Any, **more: Any) -> dict[str, Any]:
    tagged = _TAG in parameters
    responses = {
        200: _answers(model, _ETAG if tagged else {}, answer=example),
        **({304: {"description": "The answer at hand still holds", "headers": _ETAG}} if tagged else {}),
        400: _problems("Not a question", examples.MALFORMED, *more.pop("malformed", ())),
        403: _problems("Not allowed", examples.FOREIGN_HOST, examples.NOT_YOURS),
    }
    return {
        "summary": summary,
        "tags": ["reads"],
        "responses": {**responses, **more.pop("responses", {}), **_OF_ALL},
        "openapi_extra": {"parameters": [_APP, *parameters], **more},
    }


_GROUP_MISSING: Final = {404: _problems("No such group", examples.NOT_THERE)}

READ_DOCS: Final[dict[str, dict[str, Any]]] = {
    "groups": _read("List a user's groups", answers.GroupList, examples.GROUPS, _TAG),
    "group": _read("Show one group", answers.GroupDetail, examples.GROUP, _TAG, responses=_GROUP_MISSING),
    "conversations": _read(
        "List grouped conversations",
        answers.ConversationPage,
        examples.CONVERSATIONS,
        _NAME,
        _ID,
        _LIMIT,
        _parameter("after", "query", "The `next` of the page before.", type="string"),
        _TAG,
        responses=_GROUP_MISSING,
    ),
    "lookup": _read(
        "Look up the groups of conversations",
        answers.Lookup,
        examples.LOOKUP,
        malformed=[examples.NOT_JSON],
        responses={**_OF_BODIES, 422: _problems("Too many at once", examples.TOO_MANY_ASKED)},
        requestBody=_body({"$ref": "#/components/schemas/LookupQuestion"}, {"question": examples.QUESTION}),
    ),
    "history": _read(
        "Tell who changed what, and when",
        answers.HistoryPage,
        examples.HISTORY,
        _LIMIT,
        _parameter("after", "query", "The revision that the page follows.", type="integer", minimum=0, default=0),
        _TAG,
    ),
    "limits": _read("Show the app's limits", Limits, Limits().model_dump(mode="json")),
}


FEED_DOCS: Final[dict[str, Any]] = {
    "summary": "Follow what happens to a user's groups",
    "description": "Server-sent events: one frame for each command that recorded something, in the order of revisions. "
    "First a snapshot, where the reader gives no cursor, or one that is too old or of another log.",
    "tags": ["reads"],
    "response_class": EventStream,
    "responses": {
        200: {
            "description": "Frames, without an end; a comment every 15 s",
            "content": {"text/event-stream": {"examples": _examples(examples.FRAMES)}},
        },
        400: _problems("Not a question", examples.MALFORMED),
        403: _problems("Not allowed", examples.FOREIGN_HOST, examples.NOT_YOURS),
        **_OF_ALL,
    },
    "openapi_extra": {
        "parameters": [
            _APP,
            _parameter("after", "query", "The cursor to go on from, at a first connection.", type="string"),
            _parameter("Last-Event-ID", "header", "The `id` of the last frame that was taken in.", type="string"),
        ]
    },
}


def _told(description: str, named: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"examples": _examples(named)}}}


OPERATION_DOCS: Final[dict[str, dict[str, Any]]] = {
    "healthz": {
        "summary": "Tell that the process is alive",
        "responses": {200: _told("Alive", {"alive": examples.ALIVE})},
    },
    "readyz": {
        "summary": "Tell whether the service can do its work, and what fails if not",
        "responses": {
            200: _told("Ready", {"ready": examples.READY}),
            503: _told("Not ready: `checks` says why", {"not ready": examples.NOT_READY}),
        },
    },
    "metrics": {
        "summary": "Show Prometheus metrics",
        "response_class": PlainTextResponse,
        "responses": {200: {"description": "The metrics"}},
    },
}
