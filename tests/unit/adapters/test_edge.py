"""The outermost application, when the server ends in the middle of a request."""

import asyncio
import json
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from adapters.http.access import let_everybody_in
from adapters.http.edge import Edge

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_request_that_the_server_gives_up_gets_a_problem_document() -> None:
    begun = asyncio.Event()

    async def never(*_: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    registry = CollectorRegistry()
    requests = Counter("requests", "", ["route", "status"], registry=registry)
    edge = Edge(never, let_everybody_in, requests, Histogram("seconds", "", ["route"], registry=registry))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
    request = asyncio.create_task(edge(scope, receive, send))
    await begun.wait()
    request.cancel()
    await request
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["detail"] == "The service was ended in the middle. Try again."
    assert registry.get_sample_value("requests_total", {"route": "none", "status": "503"}) == 1
