"""For whoever runs the service: is it alive, is it ready, what does it do."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, Response

from adapters.http.described import OPERATION_DOCS


class Check(NamedTuple):
    """One thing that must hold for the service to be ready."""

    name: str
    ok: bool
    detail: str


def operation_routes(checks: Callable[[], Sequence[Check]], registry: CollectorRegistry) -> APIRouter:
    """Give the routes; `checks` is called for each question whether the service is ready."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", **OPERATION_DOCS["healthz"])
    async def healthz() -> Response:
        return JSONResponse({"status": "alive"})

    @router.get("/readyz", **OPERATION_DOCS["readyz"])
    def readyz() -> Response:
        found = checks()
        ready = all(check.ok for check in found)
        body = {"status": "ready" if ready else "not ready", "checks": [check._asdict() for check in found]}
        return JSONResponse(body, 200 if ready else 503)

    @router.get("/metrics", **OPERATION_DOCS["metrics"])
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
