"""A proxy before a broker that knows where a request begins and ends: it can keep one back, and deliver it late."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Lock, Thread

PRODUCE, ADD_PARTITIONS_TO_TXN, END_TXN = 0, 24, 26
PATIENCE = 30.0


@dataclass(frozen=True)
class Request:
    """One request as it went over the wire, without its length."""

    frame: bytes

    @property
    def api(self) -> int:
        return int(struct.unpack_from(">h", self.frame)[0])


class Proxy:
    """Passes on what clients ask and what the broker answers, unless told otherwise."""

    def __init__(self, port: int, broker: tuple[str, int]) -> None:
        self.kept: list[Request] = []
        """Requests that did not reach the broker."""

        self._broker = broker
        self._lock = Lock()
        self._keep: int | None = None
        self._before: tuple[int, int, Callable[[], None]] | None = None
        self._listener = socket.create_server((broker[0], port))
        self._sockets: list[socket.socket] = [self._listener]
        self._threads = [Thread(target=self._accept, name="proxy")]
        self._threads[0].start()

    def keep_next(self, api: int) -> None:
        """Keep the next request of this kind back, and cut the connection that it came by."""
        self._keep = api

    def before(self, api: int, nth: int, act: Callable[[], None]) -> None:
        """Do something before the nth request of this kind from now on is passed on.

        Whatever came by the same connection earlier is answered by then.
        """
        self._before = api, nth, act

    def deliver(self, request: Request) -> bytes:
        """Send a request to the broker, as if it had only been slow, and give the broker's answer."""
        with socket.create_connection(self._broker, timeout=PATIENCE) as late:
            late.sendall(_framed(request.frame))
            answer = _read_frame(late)
        assert answer is not None, "the broker hung up"
        return answer

    def close(self) -> None:
        with self._lock:
            for one in self._sockets:
                _cut(one)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(self._broker, timeout=PATIENCE)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            connection = _Connection(client, broker)
            with self._lock:
                self._sockets += [client, broker]
                for pump in (self._pass_requests, self._pass_answers):
                    thread = Thread(target=pump, args=(connection,), name="proxy")
                    self._threads.append(thread)
                    thread.start()

    def _pass_requests(self, connection: "_Connection") -> None:
        while (frame := _read_frame(connection.client)) is not None:
            request = Request(frame)
            if request.api == self._keep:
                self._keep = None
                self.kept.append(request)
                break
            if self._before is not None and request.api == self._before[0]:
                api, nth, act = self._before
                self._before = (api, nth - 1, act) if nth > 1 else None
                if nth == 1:
                    connection.wait_until_answered()
                    act()
            connection.asked()
            if not _send(connection.broker, frame):
                break
        connection.cut()

    def _pass_answers(self, connection: "_Connection") -> None:
        while (frame := _read_frame(connection.broker)) is not None:
            if not _send(connection.client, frame):
                break
            connection.answered()
        connection.cut()


class _Connection:
    """A client's connection, the proxy's to the broker that belongs to it, and how many answers are due."""

    def __init__(self, client: socket.socket, broker: socket.socket) -> None:
        self.client, self.broker = client, broker
        self._due = 0
        self._changed = Condition()

    def asked(self) -> None:
        with self._changed:
            self._due += 1

    def answered(self) -> None:
        with self._changed:
            self._due -= 1
            self._changed.notify_all()

    def wait_until_answered(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._due, PATIENCE)

    def cut(self) -> None:
        _cut(self.client)
        _cut(self.broker)


def _cut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def _framed(frame: bytes) -> bytes:
    return struct.pack(">i", len(frame)) + frame


def _send(to: socket.socket, frame: bytes) -> bool:
    try:
        to.sendall(_framed(frame))
    except OSError:
        return False
    return True


def _read_frame(source: socket.socket) -> bytes | None:
    length = _read(source, 4)
    return None if length is None else _read(source, struct.unpack(">i", length)[0])


def _read(source: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = source.recv(size - len(parts))
        except OSError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)
