"""Calls as the product's libraries make them."""

import json
from random import randrange
from typing import Any

import httpx

from tests.integration.service import Service
from tests.integration.signed import ADMIN

DEFAULT_APP = 1400000000


def c2c(user: str) -> dict[str, Any]:
    return {"Type": 1, "To_Account": user}


def chat(group: str) -> dict[str, Any]:
    return {"Type": 2, "ToGroupId": group}


def post(service: Service, call: str, body: Any, *, content: bytes | None = None, **query: Any) -> httpx.Response:
    """Make a call with this query; what is None is left out of it."""
    given = {"sdkappid": DEFAULT_APP, "identifier": ADMIN, "random": randrange(2**32), "contenttype": "json", **query}
    params = {name: value for name, value in given.items() if value is not None}
    path = f"/v4/recentcontact/{call}"
    if content is not None:
        return service.client.post(path, params=params, content=content)
    return service.client.post(path, params=params, json=body)


def told(response: httpx.Response) -> dict[str, Any]:
    """Give the answer, which always has the same status."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    answer: dict[str, Any] = json.loads(response.content, parse_constant=no_such_number)
    return answer


def no_such_number(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def ok(service: Service, call: str, body: Any, **query: Any) -> dict[str, Any]:
    """Make a call that is carried out, and give what it answers beside that."""
    answer = told(post(service, call, body, **query))
    end = {name: answer.pop(name) for name in ("ActionStatus", "ErrorCode", "ErrorInfo")}
    assert end == {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}, answer
    return answer


def assert_fails(response: httpx.Response, code: int, *words: str) -> None:
    """See that a call is refused with this code, and says why."""
    answer = told(response)
    assert answer.keys() == {"ActionStatus", "ErrorCode", "ErrorInfo"}
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("FAIL", code), answer
    assert len(answer["ErrorInfo"]) > 10
    for word in words:
        assert word in answer["ErrorInfo"], answer


def create_body(user: str, name: str, *contacts: Any) -> dict[str, Any]:
    return {"From_Account": user, "GroupContactItem": [{"GroupName": name, "ContactItem": list(contacts)}]}


def rename_body(user: str, old: str, new: str) -> dict[str, Any]:
    group = {"UpdateGroupType": 1, "OldGroupName": old, "NewGroupName": new}
    return {"From_Account": user, "UpdateType": 1, "UpdateGroup": group}


def change_body(user: str, name: str, *changes: tuple[int, Any]) -> dict[str, Any]:
    items = [{"ContactOptType": kind, "ContactItem": contact} for kind, contact in changes]
    group = {"UpdateGroupType": 2, "OldGroupName": name, "ContactUpdateItem": items}
    return {"From_Account": user, "UpdateType": 1, "UpdateGroup": group}


def delete_body(user: str, *names: str) -> dict[str, Any]:
    return {"From_Account": user, "GroupName": list(names)}


def result(contact: Any, code: int = 0, info: str = "") -> dict[str, Any]:
    return {"ContactItem": contact, "ResultCode": code, "ResultInfo": info}
