"""A load generator for HTTP that sends when a request is due, and not when the one before it was answered."""

import asyncio
import gc
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from ctypes import CDLL, get_errno
from functools import partial
from itertools import islice
from struct import pack
from typing import cast

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "

Tell = Callable[[Exception | None], None]
"""Called when a request has been carried out, with None, or else with why it was not."""

TICK = 0.0005
"""Seconds after which it is looked at what is due."""


class Connection(asyncio.Protocol):
    """A connection that is kept, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._whom: Tell | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell(exc or ConnectionResetError("closed before it answered"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        if not end:
            return
        length = int(head.lower().partition(LENGTH)[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._received = b""
        carried_out = head.startswith(b"HTTP/1.1 200 ")
        self._tell(None if carried_out else ValueError(f"not carried out: {head!r} {body!r}"))

    def send(self, request: bytes, whom: Tell) -> None:
        """Send a request, and tell when it has been carried out."""
        self._whom = whom
        self._transport.write(request)

    async def ask(self, request: bytes) -> None:
        """Send a request, and wait until it has been carried out."""
        future = asyncio.get_running_loop().create_future()
        self.send(request, lambda error: future.set_result(None) if error is None else future.set_exception(error))
        try:
            await future
        finally:
            self._whom = None  # who asked may have been cancelled

    def _tell(self, error: Exception | None) -> None:
        whom, self._whom = self._whom, None
        if whom is not None:
            whom(error)

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
    system = CDLL(None, use_errno=True)  # Python itself has these from 3.13 on
    timer = system.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
    every = pack("qq", 0, int(TICK * 1e9))
    if timer < 0 or system.timerfd_settime(timer, 0, every + every, None) < 0:
        raise OSError(get_errno(), "no timer")

    def heard() -> None:
        os.read(timer, 8)
        call()

    loop = asyncio.get_running_loop()
    loop.add_reader(timer, heard)
    try:
        yield
    finally:
        loop.remove_reader(timer)
        os.close(timer)


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


@contextmanager
def keeping_garbage() -> Iterator[None]:
    """Search for none: that takes a core for milliseconds, while nothing is sent and no answer read."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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

    A request that is due and finds no free connection waits, and the wait counts. Requests are made beforehand, and no
    task is: what this takes of the machine's cores the service does not have.
    """
    made = list(islice(requests, round(rate * seconds)))
    took: list[float] = []
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with connected(port, connections) as all_of_them:
        free = deque(all_of_them)
        begin, sent = time.perf_counter(), 0

        def send_what_is_due() -> None:
            nonlocal sent
            while free and sent < len(made) and (due := begin + sent / rate) <= time.perf_counter():
                connection = free.popleft()
                connection.send(made[sent], partial(answered, connection, due))
                sent += 1

        def answered(connection: Connection, due: float, error: Exception | None) -> None:
            if over.done():  # one before it failed
                return
            if error is not None:
                over.set_exception(error)
                return
            took.append(time.perf_counter() - due)
            free.append(connection)
            send_what_is_due()
            if len(took) == len(made):
                over.set_result(None)

        with ticking(send_what_is_due):
            await over
    return took
