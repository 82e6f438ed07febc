"""What `/docs` shows: an example for every command, answer and refusal, these made by the service's own code."""

from typing import Any, Final

from starlette.responses import Response

from adapters.http.problems import BAD_REQUEST, NOT_ABLE_NOW, NOT_ALLOWED, our_fault, problem, refused
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
_EVENT_ID, CURSOR = "0f4c3c56-7d40-5a0e-9d5e-1f3d5b0a7c11", "5f0c9b7a11aa4e0fb1d10d5f0c9b7a11-2"
DONE: Final = {
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
NOTHING: Final = {
    **DONE,
    "successConversationIDList": ["C2Cexample"],
    "failureConversationIDList": [],
    "items": [{"conversationID": "C2Cexample", "outcome": "already"}],
    "events": [],
}
NO_GROUP: Final = {
    "revision": 2,
    "groupName": "Suppliers",
    "successConversationIDList": [],
    "failureConversationIDList": DONE["failureConversationIDList"],
    "items": [{"conversationID": "nonsense", "outcome": "refused", "code": 2503}],
    "evicted": [],
    "events": [],
}
DRY_RUN: Final = {
    **DONE,
    "failureConversationIDList": [],
    "items": [
        {"conversationID": "GROUPtest", "outcome": "added"},
        {"conversationID": "C2Cexample", "outcome": "added"},
    ],
    "events": [
        {"type": "conversation-groups.group-created.v1", "revision": 1},
        {"type": "conversation-groups.conversations-added.v1", "revision": 2},
    ],
}
SUMMARY: Final = {
    "groupID": 1,
    "groupName": "Suppliers",
    "conversationCount": 2,
    "createdAt": "2026-11-22T10:00:00.123456Z",
    "updatedAt": "2026-11-22T10:00:00.123456Z",
}
CONVERSATION: Final = {"conversationID": "C2Cexample", "conversationGroupList": ["Suppliers", "产品体验"]}
EVENT: Final = {
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
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "groupID": 1,
    "groupName": "Suppliers",
    "type": "conversation-groups.group-created.v1",
    "position": "00000000000000000001",
}
GROUPS: Final = {"revision": 2, "cursor": CURSOR, "groups": [SUMMARY]}
GROUP: Final = {"revision": 2, "cursor": CURSOR, **SUMMARY, "conversationIDs": ["GROUPtest", "C2Cexample"]}
CONVERSATIONS: Final = {
    "revision": 2,
    "conversations": [{**CONVERSATION, "addedAt": SUMMARY["createdAt"]}],
    "next": "Mi4x",
}
QUESTION: Final = {"conversationIDs": ["C2Cexample"]}
LOOKUP: Final = {"revision": 2, "conversations": [CONVERSATION]}
HISTORY: Final = {"revision": 2, "events": [EVENT], "next": 1}
_TOLD: Final = (
    '{"name": "onConversationGroupListUpdated", "data": ["Suppliers"]}, {"name": "onConversationListUpdated", '
    '"data": [{"conversationID": "C2Cexample", "conversationGroupList": ["Suppliers"]}]}'
)
FRAMES: Final = {
    "snapshot": f'id: {CURSOR}\nevent: snapshot\ndata: {{"revision": 0, "groups": [], "conversations": []}}\n\n',
    "change": f"id: {CURSOR}\nevent: change\n"
    f'data: {{"revision": 2, "commandID": "{_EVENT_ID}", "device": "phone", "notifications": [{_TOLD}]}}\n\n',
}
ALIVE: Final = {"status": "alive"}
READY: Final = {
    "status": "ready",
    "checks": [
        {"name": "database", "ok": True, "detail": "answers; the log has 2 events"},
        {
            "name": "group-lists",
            "ok": True,
            "detail": "3 events, 0.1 s behind",
            "lag": {"events": 3, "seconds": 0.08},
        },
    ],
}
NOT_READY: Final = {
    "status": "not ready",
    "checks": [{"name": "group-lists", "ok": False, "detail": "stopped: there is no group 7 at revision 9"}],
}

Refusals = dict[str, Response]

NOT_THERE: Final[Refusals] = {"group not found": refused(GroupNotFound("Suppliers"))}
FOREIGN_HOST: Final[Refusals] = {"foreign host": problem(403, "foreign-host", "Call it as localhost or 127.0.0.1.")}
NOT_SIGNED: Final[Refusals] = {
    "not signed in": problem(401, "not-signed-in", 'Sign in: send Authorization: UserSig usersig="...".', 70003),
    "expired": problem(401, "not-signed-in", "This UserSig has expired; make a new one.", 70001),
}
NOT_YOURS: Final[Refusals] = {
    "foreign origin": problem(403, "foreign-origin", "Name its origin in CONVGROUPS_CORS_ORIGINS."),
    "another user": problem(403, "another-user", "The UserSig is of another user; sign as this one.", NOT_ALLOWED),
    "another app": problem(403, "another-app", "The header App-ID names another app; leave it out.", NOT_ALLOWED),
}
PACKAGE: Final[Refusals] = {"package missing": refused(PackageMissing())}
MALFORMED: Final[Refusals] = {
    "malformed": problem(
        400,
        "malformed",
        "groupName: Field required",
        BAD_REQUEST,
        errors=[{"field": "groupName", "message": "Field required"}],
    ),
    "malformed user ID": refused(MalformedUserID()),
    "malformed header": problem(400, "malformed-header", "App-ID is a number from 1 to 2^53-1.", BAD_REQUEST),
    "malformed path": problem(400, "malformed-path", "The path is not percent-encoded UTF-8.", BAD_REQUEST),
}
NOT_JSON: Final[Refusals] = {
    "not JSON": problem(400, "not-json", "Invalid JSON: expected value at line 1 column 1", BAD_REQUEST),
    "body cut off": problem(400, "body-cut-off", "The connection ended before the body did.", BAD_REQUEST),
}
CONFLICT: Final[Refusals] = {"revision conflict": refused(RevisionConflict(6, 7))}
TOO_SLOW: Final[Refusals] = {
    "body too slow": problem(408, "body-too-slow", "The body was not there after 30 s.", limit=30)
}
TOO_LARGE: Final[Refusals] = {
    "body too large": problem(413, "body-too-large", "A body has at most 1048576 bytes.", limit=1048576)
}
CONTENT: Final[Refusals] = {
    "not JSON content": problem(415, "not-json-content", "Send the body with Content-Type: application/json.")
}
AGAINST_A_RULE: Final[Refusals] = {
    "control characters": refused(ControlCharacters("Sup\npliers")),
    "conversation count": refused(ConversationCount(101, 100)),
    "group name length": refused(GroupNameLength(33, 32)),
    "group name taken": refused(GroupNameTaken("产品体验", 2)),
    "in both lists": refused(InBothLists("C2Cbob")),
    "key reused": refused(KeyReused()),
    "too many groups": refused(TooManyGroups(20)),
}
TOO_MANY_ASKED: Final[Refusals] = {
    "too many asked": problem(
        422, "too-many-conversations-asked", "A lookup names at most 300 conversations.", BAD_REQUEST, limit=300
    )
}
OTHER_METHOD: Final[Refusals] = {
    "method not allowed": problem(405, "method-not-allowed", "PUT /v1/users/alice/groups: Method Not Allowed.")
}
INTERNAL: Final[Refusals] = {"internal error": our_fault()}
UNAVAILABLE: Final[Refusals] = {
    "unavailable": problem(503, "unavailable", "The database does not answer. Try again.", NOT_ABLE_NOW)
}
