"""A network between HTTP clients and the service: it can be cut, hold the live feed back, or lose one answer."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
PATIENCE = 30.0

_FEED, _COMMAND = b"/events ", b"/commands "
_BUSY = b"HTTP/1.1 503 x\r\nRetry-After: %d\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
_CHUNK = 65536


class Network:
    """Passes on what clients ask and what the service answers, unless told otherwise."""

    def __init__(self, service: str) -> None:
        self.feeds_asked = 0
        """How often somebody asked for the live feed."""

        self.commands_answered = 0
        """How many commands were answered."""

        self.commands_came: list[float] = []
        """When commands came, in seconds of the monotonic clock; one that was sent again came again."""

        self._service = (LOOPBACK, urlsplit(service).port)
        self._lock = Lock()
        self._works = True
        self._feed_flows = Event()
        self._feed_flows.set()
        self._lose_answer = False
        self._busy: int | None = None
        self._connections: set[_Connection] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self._threads = [Thread(target=self._accept, name="network")]
        self.url = f"http://{LOOPBACK}:{self._listener.getsockname()[1]}"

    @property
    def feeds(self) -> int:
        """How many live feeds are open."""
        with self._lock:
            return sum(connection.is_feed for connection in self._connections)

    def cut(self) -> None:
        """End all connections, and take no more."""
        with self._lock:
            self._works = False
            for connection in self._connections:
                connection.reset()

    def mend(self) -> None:
        """Take connections again."""
        self._works = True

    def hold_feed(self) -> None:
        """Let nothing pass of what the feed tells; commands and their answers do."""
        self._feed_flows.clear()

    def release_feed(self) -> None:
        """Let pass what was held back, and what comes."""
        self._feed_flows.set()

    def lose_next_answer(self) -> None:
        """Let the next command be carried out, but end its connection instead of answering."""
        self._lose_answer = True

    def answer_that_it_is_busy(self, seconds: int) -> None:
        """Answer the next command in the service's place: not able now, come again after so many seconds."""
        self._busy = seconds

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed_flows.set()
        _reset(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                connection = _Connection(client, socket.create_connection(self._service))
            except OSError:
                _reset(client)
                continue
            with self._lock:
                if not self._works:
                    connection.reset()
                self._connections.add(connection)
            for pump in (self._pass_requests, self._pass_answers):
                thread = Thread(target=self._until_over, args=(pump, connection), name="network")
                self._threads.append(thread)
                thread.start()

    def _until_over(self, pump: Callable[["_Connection"], None], connection: "_Connection") -> None:
        with suppress(OSError):
            pump(connection)
        connection.reset()
        with self._lock:
            self._connections.discard(connection)

    def _pass_requests(self, connection: "_Connection") -> None:
        while asked := connection.client.recv(_CHUNK):
            line = asked.partition(b"\r\n")[0]
            if line.startswith((b"GET ", b"POST ")):
                connection.is_feed, connection.is_command = _FEED in line, _COMMAND in line
                self.feeds_asked += connection.is_feed
                if self._lose_answer and connection.is_command:
                    self._lose_answer, connection.loses = False, True
                if connection.is_command:
                    self.commands_came.append(monotonic())
                if self._busy is not None and connection.is_command:
                    connection.client.sendall(_BUSY % self._busy)
                    self._busy = None
                    continue
            connection.service.sendall(asked)

    def _pass_answers(self, connection: "_Connection") -> None:
        while answer := connection.service.recv(_CHUNK):
            if connection.loses:
                return
            if connection.is_feed:
                self._feed_flows.wait(PATIENCE)
            connection.client.sendall(answer)
            self.commands_answered += connection.is_command


class _Connection:
    """A client's connection, and the one to the service that belongs to it."""

    def __init__(self, client: socket.socket, service: socket.socket) -> None:
        self.client, self.service = client, service
        self.is_feed = self.is_command = self.loses = False

    def reset(self) -> None:
        _reset(self.client)
        _reset(self.service)


def _reset(one: socket.socket) -> None:
    """End a connection at once, as if the peer's machine had gone, and wake whoever waits for it."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
