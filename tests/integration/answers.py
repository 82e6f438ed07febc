"""Answers as they are to be, key by key."""

from typing import Any
from uuid import UUID

import httpx

MALFORMED = "A conversation ID is C2C or GROUP and an ID: at most 128 bytes, without control characters."


def recorded(response: httpx.Response, *kinds: str) -> list[dict[str, Any]]:
    """Give the events that the answer is to tell; their IDs are whatever they are, if they are different UUIDs."""
    answer = response.json()
    ids = [event["eventID"] for event in answer["events"]]
    assert len({UUID(event_id) for event_id in ids}) == len(kinds) == len(ids)
    first = answer["revision"] - len(kinds) + 1
    return [
        {"eventID": event_id, "type": f"conversation-groups.{kind}.v1", "revision": first + n}
        for n, (event_id, kind) in enumerate(zip(ids, kinds, strict=True))
    ]


def items(**outcomes: str) -> list[dict[str, Any]]:
    """Give items of an answer that were not refused."""
    return [{"conversationID": key, "outcome": outcome} for key, outcome in outcomes.items()]


def assert_problem(response: httpx.Response, status: int, kind: str, code: int | None, **facts: Any) -> dict[str, Any]:
    """See that an answer is this problem document, with these facts and a sentence; give the document."""
    problem: dict[str, Any] = response.json()
    told = {name: problem.get(name) for name in ("type", "status", "code", *facts)}
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, told) == (
        status,
        {"type": f"urn:conversation-groups:problem:{kind}", "status": status, "code": code, **facts},
    )
    assert problem["title"], problem
    assert len(problem["detail"]) > 10, problem
    assert code is not None or "code" not in problem
    return problem
