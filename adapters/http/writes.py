"""An answer in one piece: the server writes head and body apart, and a write costs as much as deciding a command."""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Gathered:
    """A transport that gathers what is written while other work goes on, and writes it at once right after that."""

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write soon, in order."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        """Write what there is, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


CONNECTION: Final = "convgroups.connection"
"""Where a request's scope has its connection."""

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request before its body; the server itself has no bound."""

LONGEST_HEAD: Final = 30.0
"""Seconds until they are there, from the connection or the first byte on."""

TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class GatheringProtocol(HttpToolsProtocol):
    """The server's protocol on such a transport; a request has to begin, and one that goes on and on can be ended."""

    ending = False
    """Whether the service ends."""

    on_shutdown: Callable[[], None] | None = None
    """Called when the service ends; what the request in hand has to do then."""

    _heads = 0
    """How many requests have begun on this connection."""

    _waiting = 0
    """Bytes that came since, of one that has not begun."""

    in_body = False
    """Whether a request has begun of which there is more to come."""

    _late: TimerHandle | None = None
    """What gives up a connection on which no request begins."""

    def connection_made(self, transport: Any) -> None:
        """Take up a connection."""
        super().connection_made(Gathered(transport, self.loop))  # type: ignore[arg-type]  # it is used as one
        self._late = self.loop.call_later(LONGEST_HEAD, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came; what is no request after so many bytes, or so long, will be none."""
        heads, in_body = self._heads, self.in_body
        super().data_received(data)
        if heads != self._heads or in_body:
            return
        self._waiting += len(data)
        if self._waiting > LARGEST_HEAD:
            self.transport.write(TOO_LARGE)
            self.transport.close()
        elif self._late is None:
            self._late = self.loop.call_later(LONGEST_HEAD, self.abort)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[CONNECTION] = self  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Answer a request."""
        self._heads += 1
        self._waiting = 0
        self.in_body = True
        self._in_time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Know that nothing more of the request comes."""
        self.in_body = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """End when the request in hand is answered."""
        self.ending = True
        if self.on_shutdown is not None:
            self.on_shutdown()
        super().shutdown()

    def abort(self) -> None:
        """Give the connection up, with all that the other side has not read: also what the system would keep for it."""
        self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        self.transport.abort()

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
