"""What `/docs` shows: an example for every command, answer and refusal, these made by the service's own code."""

import json
from typing import Any, Final

from starlette.responses import Response

from adapters.http import answers
from adapters.http.problems import BAD_REQUEST, NOT_ABLE_NOW, OUR_FAULT, problem, refused
from domain.limits import Limits
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
    RevisionConflict,
    TooManyGroups,
)

COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "CreateGroup": {
        "command": "CreateGroup",
        "groupName": "Suppliers",
        "conversationIDs": ["GROUPtest", "C2Cexample"],
    },
    "DeleteGroup": {"command": "DeleteGroup", "groupName": "Suppliers"},
    "RenameGroup": {"command": "RenameGroup", "groupName": "Suppliers", "newName": "Suppliers_new"},
    "AddConversations": {"command": "AddConversations", "groupID": 1, "conversationIDs": ["C2Cbob"]},
    "RemoveConversations": {"command": "RemoveConversations", "groupID": 1, "conversationIDs": ["C2Cbob"]},
    "UpdateConversations": {"command": "UpdateConversations", "groupID": 1, "remove": ["C2Cbob"], "add": ["C2Ceve"]},
    "ReorderGroup": {"command": "ReorderGroup", "groupID": 3, "before": 1, "expectedRevision": 7},
}
_EVENT_ID, _CURSOR = "0f4c3c56-7d40-5a0e-9d5e-1f3d5b0a7c11", "5f0c9b7a11aa4e0fb1d10d5f0c9b7a11-2"
_DONE: Final = {
    "revision": 2,
    "groupID": 1,
    "groupName": "Suppliers",
    "successConversationIDList": ["GROUPtest", "C2Cexample"],
    "failureConversationIDList": [
        {
            "conversationID": "nonsense",
            "code": 2503,
            "message": "A conversation ID is C2C or GROUP and an ID: at most 128 bytes, without control characters.",
        }
    ],
    "items": [
        {"conversationID": "GROUPtest", "outcome": "added"},
        {"conversationID": "C2Cexample", "outcome": "added"},
        {"conversationID": "nonsense", "outcome": "refused", "code": 2503},
    ],
    "evicted": [],
    "events": [
        {"eventID": _EVENT_ID, "type": "conversation-groups.group-created.v1", "revision": 1},
        {
            "eventID": "9b2e3c56-7d40-5a0e-9d5e-1f3d5b0a7c12",
            "type": "conversation-groups.conversations-added.v1",
            "revision": 2,
        },
    ],
}
_NOTHING: Final = {
    **_DONE,
    "successConversationIDList": ["C2Cexample"],
    "failureConversationIDList": [],
    "items": [{"conversationID": "C2Cexample", "outcome": "already"}],
    "events": [],
}
_SUMMARY: Final = {
    "groupID": 1,
    "groupName": "Suppliers",
    "conversationCount": 2,
    "createdAt": "2026-11-22T10:00:00.123456Z",
    "updatedAt": "2026-11-22T10:00:00.123456Z",
}
_CONVERSATION: Final = {"conversationID": "C2Cexample", "conversationGroupList": ["Suppliers", "产品体验"]}
_EVENT: Final = {
    "eventID": _EVENT_ID,
    "sdkAppID": 1400000000,
    "userID": "alice",
    "revision": 1,
    "recordedAt": "2026-11-22T10:00:00.123456Z",
    "actor": "alice",
    "device": "phone",
    "command": "CreateGroup",
    "commandID": "5d9f3c56-7d40-4a0e-9d5e-1f3d5b0a7c13",
    "correlationID": "5d9f3c56-7d40-4a0e-9d5e-1f3d5b0a7c13",
    "causationID": "5d9f3c56-7d40-4a0e-9d5e-1f3d5b0a7c13",
    "traceparent": None,
    "groupID": 1,
    "groupName": "Suppliers",
    "type": "conversation-groups.group-created.v1",
    "position": "00000000000000000001",
}
_NOT_THERE = {"group not found": refused(GroupNotFound("Suppliers"))}
_MALFORMED = {
    "malformed user ID": refused(MalformedUserID()),
    "malformed": problem(400, "malformed", "groupName: Field required", BAD_REQUEST),
}
_UNAVAILABLE = {"unavailable": problem(503, "unavailable", "The database does not answer. Try again.", NOT_ABLE_NOW)}
_INTERNAL = {"internal error": problem(500, "internal-error", "The service failed; its log says why.", OUR_FAULT)}
_CONTENT = {"not JSON content": problem(415, "not-json-content", "Send the body with Content-Type: application/json.")}
_TOO_LARGE = {"body too large": problem(413, "body-too-large", "A body has at most 1048576 bytes.", limit=1048576)}


def _examples(named: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in named.items()}


def _answers(model: type[Any], **named: Any) -> dict[str, Any]:
    return {"model": model, "content": {"application/json": {"examples": _examples(named)}}}


def _problems(description: str, named: dict[str, Response]) -> dict[str, Any]:
    bodies = {name: json.loads(bytes(response.body)) for name, response in named.items()}
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"application/problem+json": {"schema": schema, "examples": _examples(bodies)}}
    return {"description": description, "content": content}


def _parameter(name: str, where: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": False, "description": description, "schema": schema}


_APP = _parameter("App-ID", "header", "The app whose user it is.", type="integer", default=1400000000)
_LIMIT = _parameter("limit", "query", "Rows of a page.", type="integer", minimum=1, maximum=1000, default=100)
_TAG = _parameter("If-None-Match", "header", "The `ETag` of an answer at hand: 304 if it still holds.", type="string")
_NAME = _parameter("groupName", "query", "One group's conversations alone.", type="string")
_ID = _parameter("groupID", "query", "One group's conversations alone.", type="integer", minimum=1)

COMMAND_DOCS: Final[dict[str, Any]] = {
    "summary": "Carry out a command",
    "description": "Answered when it is durable, never before. Some conversations may be refused while others are not.",
    "tags": ["commands"],
    "responses": {
        200: _answers(answers.CommandAnswer, done=_DONE, **{"nothing to record": _NOTHING}),
        400: _problems("Not a command", _MALFORMED),
        403: _problems("Not allowed", {"package missing": refused(PackageMissing())}),
        404: _problems("No such group", _NOT_THERE),
        409: _problems("Another revision is current", {"revision conflict": refused(RevisionConflict(6, 7))}),
        413: _problems("Too large", _TOO_LARGE),
        415: _problems("Not JSON", _CONTENT),
        422: _problems(
            "Understood, and against a rule",
            {
                "control characters": refused(ControlCharacters("Sup\npliers")),
                "conversation count": refused(ConversationCount(101, 100)),
                "group name length": refused(GroupNameLength(33, 32)),
                "group name taken": refused(GroupNameTaken("产品体验", 2)),
                "in both lists": refused(InBothLists("C2Cbob")),
                "key reused": refused(KeyReused()),
                "too many groups": refused(TooManyGroups(20)),
            },
        ),
        500: _problems("Our fault", _INTERNAL),
        503: _problems("Not able now", _UNAVAILABLE),
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
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in COMMANDS],
                        "discriminator": {"propertyName": "command"},
                    },
                    "examples": _examples(COMMANDS),
                }
            },
        },
    },
}


def _read(summary: str, model: type[Any], example: Any, *parameters: Any, **more: Any) -> dict[str, Any]:
    problems = {400: _problems("Not a question", _MALFORMED), 503: _problems("Not able now", _UNAVAILABLE)}
    return {
        "summary": summary,
        "tags": ["reads"],
        "responses": {200: _answers(model, answer=example), **problems, **more.pop("responses", {})},
        "openapi_extra": {"parameters": [_APP, *parameters], **more},
    }


READ_DOCS: Final[dict[str, dict[str, Any]]] = {
    "groups": _read(
        "List a user's groups", answers.GroupList, {"revision": 2, "cursor": _CURSOR, "groups": [_SUMMARY]}, _TAG
    ),
    "group": _read(
        "Show one group",
        answers.GroupDetail,
        {"revision": 2, "cursor": _CURSOR, **_SUMMARY, "conversationIDs": ["GROUPtest", "C2Cexample"]},
        _TAG,
        responses={404: _problems("No such group", _NOT_THERE)},
    ),
    "conversations": _read(
        "List grouped conversations",
        answers.ConversationPage,
        {"revision": 2, "conversations": [{**_CONVERSATION, "addedAt": _SUMMARY["createdAt"]}], "next": None},
        _NAME,
        _ID,
        _LIMIT,
        _parameter("after", "query", "The `next` of the page before.", type="string"),
        _TAG,
        responses={404: _problems("No such group", _NOT_THERE)},
    ),
    "lookup": _read(
        "Look up the groups of conversations",
        answers.Lookup,
        {"revision": 2, "conversations": [_CONVERSATION]},
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/LookupQuestion"},
                    "example": {"conversationIDs": ["C2Cexample"]},
                }
            },
        },
        responses={413: _problems("Too large", _TOO_LARGE), 415: _problems("Not JSON", _CONTENT)},
    ),
    "history": _read(
        "Tell who changed what, and when",
        answers.HistoryPage,
        {"revision": 2, "events": [_EVENT], "next": 1},
        _LIMIT,
        _parameter("after", "query", "The revision that the page follows.", type="integer", minimum=0, default=0),
        _TAG,
    ),
    "limits": _read("Show the app's limits", Limits, Limits().model_dump(mode="json")),
}
