"""`GET /v1/users/{userID}/events`: the live feed, as server-sent events."""

from asyncio import FIRST_COMPLETED, Event, create_task, get_running_loop, timeout, wait
from collections.abc import AsyncIterator
from time import time
from typing import Final

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.feed.feed import Feed, Reader
from adapters.http import paging
from adapters.http.described import FEED_DOCS
from adapters.http.edge import HEAD
from adapters.http.identity import Caller, Identity, UserID
from adapters.http.writes import CONNECTION, GatheringProtocol
from domain.ports import Unavailable
from domain.stored import CannotGoOn

logger = structlog.get_logger("feed")

QUIET: Final = 15.0
"""Seconds after which a comment tells that the connection lives."""

SLOWEST: Final = 5.0
"""Seconds that a reader may take until it has read enough for the next piece to be sent."""

LONGEST: Final = 24 * 60 * 60.0
"""Seconds after which a reader has to come again."""

PIECE: Final = 64 * 1024

HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy would else wait for more
]


def feed_routes(feed: Feed, identity: Identity) -> APIRouter:
    """Give the route; `FeedResponse` is the answer."""
    router = APIRouter()

    @router.get("/v1/users/{userID}/events", **FEED_DOCS)
    async def follow(request: Request, user_id: UserID) -> Response:
        who = identity.caller(request, user_id)
        paging.only(request, "after")
        cursor = request.headers.get("Last-Event-ID") or request.query_params.get("after")
        return FeedResponse(feed, who, cursor)

    return router


class FeedResponse(Response):
    """Sends frames until the reader goes, is too slow, may read no longer, or the service ends."""

    def __init__(self, feed: Feed, who: Caller, cursor: str | None) -> None:
        super().__init__()
        self._feed, self._who, self._cursor = feed, who, cursor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; raises what listening raises, before anything is sent."""
        answering, gone = create_task(self._answer(scope, send)), create_task(_until_gone(receive))
        try:
            await wait((answering, gone), return_when=FIRST_COMPLETED)
        finally:
            answering.cancel()
            gone.cancel()
            await wait((answering, gone))
        if not answering.cancelled():
            answering.result()

    async def _answer(self, scope: Scope, send: Send) -> None:
        connection: GatheringProtocol = scope[CONNECTION]
        async with self._feed.listen(self._who.stream, self._cursor) as reader:
            if connection.ending:
                raise Unavailable("The service is about to end")
            connection.on_shutdown = reader.listener.end
            expiring = get_running_loop().call_later(_seconds_until(self._who.until), reader.listener.end)
            try:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                if not scope.get(HEAD):
                    await _tell(send, reader)
                await _send(send, b"", more_body=False)
            except TimeoutError:
                connection.abort()  # to close it would wait until all is read that was sent already
                await Event().wait()  # until it is gone
            finally:
                expiring.cancel()
                connection.on_shutdown = None


async def _tell(send: Send, reader: Reader) -> None:
    """Send frames to their end; where the log is away in the middle, that is the end, and the reader comes back."""
    try:
        async for frame in _frames(reader):
            for begin in range(0, len(frame), PIECE):
                await _send(send, frame[begin : begin + PIECE], more_body=True)
    except (Unavailable, CannotGoOn) as error:
        logger.warning("a reader is let go", reason=str(error))


def _seconds_until(moment: float | None) -> float:
    return LONGEST if moment is None else min(moment - time(), LONGEST)


async def _frames(reader: Reader) -> AsyncIterator[bytes]:
    yield b": hello\n\n"  # so that the reader knows that it is heard
    async for frame in reader.missed:
        yield frame
    while True:
        try:
            async with timeout(QUIET):
                frame_or_end = await reader.listener.next()
        except TimeoutError:
            frame_or_end = b":\n\n"
        if frame_or_end is None:
            return
        yield frame_or_end


async def _send(send: Send, body: bytes, *, more_body: bool) -> None:
    async with timeout(SLOWEST):
        await send({"type": "http.response.body", "body": body, "more_body": more_body})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
