"""The HTTP application."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.types import ASGIApp

from adapters.feed.feed import Feed
from adapters.http.access import Access, Guard, open_to
from adapters.http.answers import Problem
from adapters.http.browser import client_routes
from adapters.http.commands import command_routes, commands
from adapters.http.described import SIGNED
from adapters.http.edge import Edge
from adapters.http.feed import feed_routes
from adapters.http.operations import Check, operation_routes
from adapters.http.problems import answer_with_problems
from adapters.http.reads import LookupQuestion, ReadSide, read_routes
from adapters.http.recentcontact.calls import ProductCalls
from adapters.http.recentcontact.described import product_bodies, product_routes
from adapters.telemetry import Metrics
from adapters.writer import Writer
from domain.commands import (
    AddConversations,
    CreateGroup,
    DeleteGroup,
    RemoveConversations,
    RenameGroup,
    ReorderGroup,
    UpdateConversations,
)
from domain.service import ConversationGroups

DESCRIPTION = (
    "Named groups of chat conversations. Every change is an event; every read shows all that was acknowledged."
)


def create_operations_app(checks: Callable[[], Sequence[Check]], metrics: Metrics, guard: Guard) -> ASGIApp:
    """Build what a process serves that only follows the log: whether it lives, is ready, and what it does."""
    app = FastAPI(title="conversation-groups", docs_url=None, redoc_url=None, openapi_url=None)
    answer_with_problems(app)
    app.include_router(operation_routes(checks, metrics.registry))
    return Edge(app, guard, metrics.requests, metrics.seconds)


def create_app(
    groups: ConversationGroups,
    writer: Writer,
    read_side: ReadSide,
    checks: Callable[[], Sequence[Check]],
    metrics: Metrics,
    access: Access,
    feed: Feed,
) -> ASGIApp:
    """Build the application over the parts it serves."""
    identity, guard, origins = access

    @asynccontextmanager
    async def working(_: FastAPI) -> AsyncIterator[None]:
        async with writer, feed:
            yield

    app = FastAPIOffline(
        title="conversation-groups",
        version=version("conversation-groups"),
        description=DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=working,
        static_url="/docs/static",
    )
    answer_with_problems(app)
    carry_out = commands(writer.carry_out, groups.dry_run, metrics.answered, identity)
    app.include_router(command_routes(carry_out))
    app.include_router(read_routes(read_side, groups.policy_of, identity))
    app.include_router(feed_routes(feed, identity))
    calls = ProductCalls(writer.carry_out, metrics.answered, read_side, identity)
    app.include_router(product_routes(calls))
    app.include_router(operation_routes(checks, metrics.registry))
    app.include_router(client_routes())
    _describe_bodies(app)
    return open_to(origins, Edge(app, guard, metrics.requests, metrics.seconds, carry_out, calls))


def _describe_bodies(app: FastAPI) -> None:
    """Add the models that routes read or refuse with themselves, strictly, to the OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            bodies: list[type[BaseModel]] = [
                CreateGroup,
                DeleteGroup,
                RenameGroup,
                AddConversations,
                RemoveConversations,
                UpdateConversations,
                ReorderGroup,
                LookupQuestion,
                Problem,
                *product_bodies(),
            ]
            _, schemas = models_json_schema(
                [(body, "validation") for body in bodies], ref_template="#/components/schemas/{model}"
            )
            document = generate()
            document["components"]["schemas"] |= schemas["$defs"]
            document["components"]["securitySchemes"] = SIGNED
            document["security"] = [{"UserSig": []}, {}]  # or nothing: it is a setting
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
