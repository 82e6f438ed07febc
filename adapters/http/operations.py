"""For whoever runs the service: is it alive, is it ready, what does it do."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, Response

from adapters.follow import Lag
from adapters.http.described import OPERATION_DOCS


class Check(NamedTuple):
    """One thing that must hold for the service to be ready."""

    name: str
    ok: bool
    detail: str
    lag: Lag | None = None
    """Of a follower, where it is known."""

    def told(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        lag = {} if self.lag is None else {"lag": self.lag._asdict()}
        return {"name": self.name, "ok": self.ok, "detail": self.detail} | lag

    @classmethod
    def read(cls, told: dict[str, Any]) -> Self:
        """Read what `told` gave; raises `LookupError` and `TypeError` for anything else."""
        lag = Lag(**told["lag"]) if "lag" in told else None
        return cls(told["name"], told["ok"], told["detail"], lag)


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
        body = {"status": "ready" if ready else "not ready", "checks": [check.told() for check in found]}
        return JSONResponse(body, 200 if ready else 503)

    @router.get("/metrics", **OPERATION_DOCS["metrics"])
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
