"""A load generator for HTTP that sends when a request is due, and not when the one before it was answered."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "

TICK = 0.0005
"""Seconds after which it is looked at what is due."""


class Connection(asyncio.Protocol):
    """A connection that is kept, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._answered: asyncio.Future[None]
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if hasattr(self, "_answered") and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("closed before it answered"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        if not end:
            return
        length = int(head.lower().partition(LENGTH)[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._received = b""
        if head.startswith(b"HTTP/1.1 200 "):
            self._answered.set_result(None)
        else:
            self._answered.set_exception(ValueError(f"not carried out: {head!r} {body!r}"))

    async def ask(self, request: bytes) -> None:
        """Send a request, and wait until it has been carried out."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered

    def close(self) -> None:
        """End the connection."""
        self._transport.close()


@asynccontextmanager
async def connected(port: int, number: int) -> AsyncIterator[list[Connection]]:
    """Give so many connections."""
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Connection, "127.0.0.1", port) for _ in range(number)]
    try:
        yield [connection for _, connection in made]
    finally:
        for _, connection in made:
            connection.close()


@contextmanager
def ticking(call: Callable[[], None]) -> Iterator[None]:
    """Call this on the event loop with each tick: sharper than its own timers, which know whole milliseconds."""
    bell = os.eventfd(0, os.EFD_NONBLOCK)
    over = threading.Event()

    def ring() -> None:
        while not over.wait(TICK):
            os.eventfd_write(bell, 1)

    def heard() -> None:
        os.eventfd_read(bell)
        call()

    loop, ringing = asyncio.get_running_loop(), threading.Thread(target=ring)
    loop.add_reader(bell, heard)
    ringing.start()
    try:
        yield
    finally:
        over.set()
        ringing.join()
        loop.remove_reader(bell)
        os.close(bell)


@contextmanager
def going_first() -> Iterator[bool]:
    """Give this thread a core as soon as it needs one, and tell whether the system allows that.

    Otherwise it waits for one that another process has, and its own wait is measured, too.
    """
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, *before)


async def send_all(port: int, connections: int, requests: Iterable[bytes]) -> None:
    """Send each request once."""
    left = iter(requests)

    async def work(connection: Connection) -> None:
        for request in left:
            await connection.ask(request)

    async with connected(port, connections) as made, asyncio.TaskGroup() as tasks:
        for connection in made:
            tasks.create_task(work(connection))


async def alone(port: int, seconds: float, requests: Iterator[bytes]) -> list[float]:
    """Send one request after the other, and give how long each took."""
    took: list[float] = []
    async with connected(port, 1) as [connection]:
        end = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < end:
            await connection.ask(next(requests))
            took.append(time.perf_counter() - begin)
    return took


async def at_rate(port: int, connections: int, rate: float, seconds: float, requests: Iterator[bytes]) -> list[float]:
    """Send so many requests a second, and give how long each took: from the moment when it was due to its answer.

    A request that is due and finds no free connection waits, and the wait counts.
    """
    took: list[float] = []
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

    async def work(connection: Connection) -> None:
        while (item := await due.get()) is not None:
            begin, request = item
            await connection.ask(request)
            took.append(time.perf_counter() - begin)

    async with connected(port, connections) as made, asyncio.TaskGroup() as tasks:
        for connection in made:
            tasks.create_task(work(connection))
        begin, sent = time.perf_counter(), 0

        def send_what_is_due() -> None:
            nonlocal sent
            while sent < (time.perf_counter() - begin) * rate:
                due.put_nowait((begin + sent / rate, next(requests)))
                sent += 1

        with ticking(send_what_is_due):
            await asyncio.sleep(seconds)
        for _ in made:
            due.put_nowait(None)
    return took
