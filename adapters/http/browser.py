"""`/client/`: the JavaScript client, for pages and for whoever downloads it."""

from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

TYPES: Final = {".js": "text/javascript", ".ts": "text/plain", ".json": "application/json"}
"""What a browser must be told, by the end of a file's name; nobody runs the declarations."""

START: Final = "index.js"


def client_routes() -> APIRouter:
    """Give the routes. The files never change while the service runs: a browser asks again, and gets 304."""
    router = APIRouter(include_in_schema=False)
    served = {
        file.name: (file.read_bytes(), TYPES["." + file.name.rpartition(".")[2]])
        for file in files("adapters.web").joinpath("client").iterdir()
        if file.is_file()
    }
    tags = {name: f'"{sha256(content).hexdigest()}"' for name, (content, _) in served.items()}

    @router.get("/client/")
    @router.get("/client/{file}")
    async def client(request: Request, file: str = START) -> Response:
        if file not in served:
            raise HTTPException(404, "the client has no such file")
        content, media_type = served[file]
        headers = {"ETag": tags[file], "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        if request.headers.get("If-None-Match") == tags[file]:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    return router
