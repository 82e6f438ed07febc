"""A proxy before a PostgreSQL server that can hold, delay or lose what passes, above all the answer to a COMMIT.

Of the protocol it knows what that takes: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import asyncio
import struct
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from infra.postgres.postgres import LOOPBACK

PATIENCE = 30.0

_ENCRYPTION_REQUESTS = [(80877103).to_bytes(4), (80877104).to_bytes(4)]  # by TLS, by GSSAPI
_COMMAND_COMPLETE = b"C"
_CHUNK = 65536


class PostgresProxy:
    """Passes on what clients ask and what the server answers, unless told otherwise.

    What it is told holds when the method returns, for the connections there are and for new ones.
    """

    def __init__(self, server: str) -> None:
        self.port = 0
        """Where it listens on loopback, as long as the `with` lasts."""

        self.swallowed = 0
        """How many answers it has kept from their client."""

        self.held = 0
        """How much waits for `release`, in pieces: one for each end that has said something."""

        at = urlsplit(server)
        self._server = at.hostname or LOOPBACK, at.port or 5432
        self._swallow: bytes | None = None
        self._garble: bytes | None = None
        self._delay = 0.0
        self._flows = asyncio.Event()
        self._ended = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="postgres-proxy", daemon=True)

    def url_for(self, database: str) -> str:
        """Give the URL of a database on the server as one that leads through this proxy."""
        at = urlsplit(database)
        user, sign, _ = at.netloc.rpartition("@")
        return at._replace(netloc=f"{user}{sign}{LOOPBACK}:{self.port}").geturl()

    def cut(self) -> None:
        """Reset all connections, on both sides; new ones are welcome."""
        self._do(self._cut())

    def cut_before_answer_of(self, tag: bytes) -> None:
        """Let the next command with this tag be done, but lose its answer: its connection is reset instead.

        The tag is how the server says what it did, as COMMIT or INSERT. A COMMIT is durable by then.
        """
        self._swallow = tag

    def garble(self, kind: bytes) -> None:
        """Let the next message of this kind, as `T` or `D`, arrive with other bytes than the server sent."""
        self._garble = kind

    def hold(self) -> None:
        """Let nothing pass, as if the network was gone: connections stay open, and new ones get no answer."""
        self._do(self._let_flow(False))

    def release(self) -> None:
        """Let pass what was held back, and what comes."""
        self._do(self._let_flow(True))

    def delay_commits(self, seconds: float) -> None:
        """Let the answer to each COMMIT come so much later, as if the server was slow; 0 ends that."""
        self._delay = seconds

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop = self._started.result(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(PATIENCE)

    def _do(self, act: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(act, self._loop).result(PATIENCE)

    async def _let_flow(self, flows: bool) -> None:
        (self._flows.set if flows else self._flows.clear)()

    async def _cut(self) -> None:
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _serve(self) -> None:
        self._flows.set()
        listener = await asyncio.start_server(self._connected, LOOPBACK, 0)
        self.port = listener.sockets[0].getsockname()[1]
        self._started.set_result(asyncio.get_running_loop())
        await self._ended.wait()
        listener.close()
        await self._cut()

    async def _connected(self, client: StreamReader, to_client: StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        ends = [to_client]
        try:
            first = await self._first_message(client, to_client)
            server, to_server = await asyncio.open_connection(*self._server)
            ends.append(to_server)
            to_server.write(first)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_requests(client, to_server))
                both.create_task(self._pass_answers(server, to_client))
        except* EOFError:  # one hung up: the other still gets what was said before
            await _close(ends)
        except* OSError:
            pass
        finally:
            await _reset(ends)
            self._connections.remove(connection)

    async def _first_message(self, client: StreamReader, to_client: StreamWriter) -> bytes:
        """Read what opens a session. Encryption is refused: the proxy has to understand what follows."""
        while True:
            length = await client.readexactly(4)
            rest = await client.readexactly(int.from_bytes(length) - 4)
            await self._pass_or_hold()
            if rest not in _ENCRYPTION_REQUESTS:
                return length + rest
            to_client.write(b"N")

    async def _pass_requests(self, client: StreamReader, to_server: StreamWriter) -> None:
        while True:
            asked = await client.read(_CHUNK)
            await self._pass_or_hold()
            await _send(to_server, asked)

    async def _pass_answers(self, server: StreamReader, to_client: StreamWriter) -> None:
        while True:
            answer = await _message(server)
            if answer.startswith(_COMMAND_COMPLETE):
                await self._think_about(tag=answer[5:])
            if self._garble is not None and answer.startswith(self._garble):
                answer, self._garble = answer[:5] + b"\xff" * (len(answer) - 5), None
            await self._pass_or_hold()
            await _send(to_client, answer)

    async def _pass_or_hold(self) -> None:
        self.held += 1
        try:
            await self._flows.wait()
        finally:
            self.held -= 1

    async def _think_about(self, tag: bytes) -> None:
        if self._swallow is not None and tag.startswith(self._swallow):
            self._swallow = None
            self.swallowed += 1
            raise ConnectionResetError
        if tag.startswith(b"COMMIT"):
            await asyncio.sleep(self._delay)


async def _message(server: StreamReader) -> bytes:
    """Read one message: its type, its length with itself, the rest. At the end there is none."""
    try:
        head = await server.readexactly(5)
        return head + await server.readexactly(int.from_bytes(head[1:]) - 4)
    except IncompleteReadError:
        return b""


async def _send(to: StreamWriter, what: bytes) -> None:
    if not what:
        raise EOFError
    to.write(what)
    await to.drain()


async def _close(ends: list[StreamWriter]) -> None:
    """Close the connections when all that was written has been sent."""
    for end in ends:
        end.close()
    with suppress(OSError):
        for end in ends:
            await end.wait_closed()


async def _reset(ends: list[StreamWriter]) -> None:
    """Close at once what is not closed yet; the peer gets a reset, as from a machine that forgot the connection."""
    for end in ends:
        with suppress(OSError):
            end.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        end.transport.abort()
    await _close(ends)
