"""How `/docs` describes the product's calls, which `Edge` serves ahead of the framework."""

from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.recentcontact.calls import BODIES, FOLDER, ProductCalls

_CHAT: Final = {"Type": 2, "ToGroupId": "test"}
_USER: Final = {"Type": 1, "To_Account": "example"}
_GROUP: Final = {"GroupName": "Suppliers", "GroupId": 1}
_DONE: Final = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
_ITEM: Final = {"ResultCode": 0, "ResultInfo": ""}
_GROUPED: Final = {"ContactGroupId": [1], "Timestamp": 1795341600}

EXAMPLES: Final[dict[str, tuple[str, dict[str, Any], dict[str, Any]]]] = {
    "create_contact_group": (
        "Make a group",
        {"GroupContactItem": [{"GroupName": "Suppliers", "ContactItem": [_CHAT, _USER]}]},
        {
            "GroupResultItem": [
                {"GroupItem": _GROUP, "ResultItem": [{"ContactItem": one, **_ITEM} for one in (_CHAT, _USER)]}
            ]
        },
    ),
    "update_contact_group": (
        "Let conversations join and leave a group, or rename it",
        {
            "UpdateType": 1,
            "UpdateGroup": {
                "UpdateGroupType": 2,
                "OldGroupName": "Suppliers",
                "ContactUpdateItem": [
                    {"ContactOptType": 1, "ContactItem": {"Type": 1, "To_Account": "bob"}},
                    {"ContactOptType": 2, "ContactItem": _CHAT},
                ],
            },
        },
        {
            "UpdateType": 1,
            "UpdateGroupResult": {
                "UpdateGroupType": 2,
                **_GROUP,
                "OldGroupName": "Suppliers",
                "ContactResultItem": [
                    {"ContactOptType": 1, "ContactItem": {"Type": 1, "To_Account": "bob"}, **_ITEM},
                    {"ContactOptType": 2, "ContactItem": _CHAT, **_ITEM},
                ],
            },
        },
    ),
    "del_contact_group": ("Delete a group", {"GroupName": ["Suppliers"]}, {"GroupItem": [_GROUP]}),
    "get_contact_group": (
        "List groups and grouped conversations, page by page",
        {"StartIndex": 0},
        {
            "ContactItem": [{**_CHAT, **_GROUPED}, {**_USER, **_GROUPED}],
            "GroupItem": [_GROUP],
            "CompleteFlag": 1,
            "NextStartIndex": 0,
        },
    ),
    "search_contact_group": (
        "Tell in which groups conversations are",
        {"ContactItem": [_CHAT, {"Type": 1, "To_Account": "bob"}]},
        {"ContactResultItem": [{**_CHAT, **_GROUPED}, {"Type": 1, "To_Account": "bob"}], "GroupItem": [_GROUP]},
    ),
}
"""For each call its summary, an example of a body without `From_Account`, and one of an answer without its end."""

_FAILED: Final = {"ActionStatus": "FAIL", "ErrorCode": 51009, "ErrorInfo": "This user has no group with the name 'x'."}
_DESCRIPTION: Final = (
    "As the product has it, the status is always 200, and `ErrorCode` tells what went wrong. What is not known of a "
    "body is passed over."
)


def product_bodies() -> list[type[BaseModel]]:
    """Give the models of the bodies."""
    return list(BODIES.values())


def product_routes(calls: ProductCalls) -> APIRouter:
    """Give the routes, which document what `Edge` serves."""
    router = APIRouter(tags=["the product's REST calls"])
    for call in EXAMPLES:
        router.post(FOLDER + call, **_docs(call))(_route(calls))
    return router


def _route(calls: ProductCalls) -> Any:
    async def answer(request: Request) -> Response:
        return await calls(request)

    return answer


def _docs(call: str) -> dict[str, Any]:
    summary, body, answer = EXAMPLES[call]
    content = {
        "schema": {"$ref": f"#/components/schemas/{BODIES[call].__name__}"},
        "example": {"From_Account": "alice", **body},
    }
    answers = {"done": {"value": {**answer, **_DONE}}, "refused": {"value": _FAILED}}
    return {
        "operation_id": call,
        "summary": summary,
        "description": _DESCRIPTION,
        "responses": {200: {"description": "Done, or not", "content": {"application/json": {"examples": answers}}}},
        "openapi_extra": {
            "parameters": [
                _parameter("sdkappid", "The app.", required=True, type="integer", minimum=1),
                _parameter("identifier", "Who calls: an administrator of the app, or the user.", type="string"),
                _parameter("usersig", "Their signature, where the service asks for one.", type="string"),
            ],
            "requestBody": {"required": True, "content": {"application/json": content}},
        },
    }


def _parameter(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}
