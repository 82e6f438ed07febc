"""An answer in one piece: the server writes head and body apart, and a write costs as much as deciding a command."""

from asyncio import AbstractEventLoop, Transport
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


class GatheringProtocol(HttpToolsProtocol):
    """The server's protocol on such a transport; a request that goes on and on can be ended with the service."""

    on_shutdown: Callable[[], None] = staticmethod(lambda: None)
    """Called when the service ends; what the request in hand has to do then."""

    def connection_made(self, transport: Any) -> None:
        """Take up a connection."""
        super().connection_made(Gathered(transport, self.loop))  # type: ignore[arg-type]  # it is used as one

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[CONNECTION] = self  # type: ignore[typeddict-unknown-key]

    def shutdown(self) -> None:
        """End when the request in hand is answered."""
        self.on_shutdown()
        super().shutdown()

    def abort(self) -> None:
        """Give the connection up, with all that the other side has not read: also what the system would keep for it."""
        self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        self.transport.abort()
