"""Very many devices in one process: plain sockets on one event loop, each of another user."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import monotonic

from tests.e2e.service import Service

LONGEST_PAUSE = 1.0
"""Seconds that a device waits at most before it tries again, a random part of it: what a client should do."""


@dataclass
class Member:
    """One device of the crowd, and what it was told."""

    user: str
    cursor: str = ""
    connected: bool = False
    revisions: list[int] = field(default_factory=list)
    snapshots: int = 0
    comments: int = 0
    """Those that came while nothing else did."""


class Crowd:
    """Devices that come back whenever their connection ends."""

    def __init__(self, service: Service, size: int) -> None:
        self.members = [Member(f"user-{n}") for n in range(size)]
        self._service = service
        self._random = Random(size)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> int:
        return sum(member.connected for member in self.members)

    def begin(self) -> None:
        """Let all of them come, as fast as each can."""
        self._tasks = [asyncio.create_task(self._live(member)) for member in self.members]

    async def end(self) -> None:
        """Let all of them go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, condition: Callable[[], bool], what: str, seconds: float) -> float:
        """Wait for a condition, and tell how many seconds that took."""
        begin = monotonic()
        while not condition():
            for task in self._tasks:
                if task.done():
                    task.result()
            assert monotonic() < begin + seconds, f"not within {seconds:.0f} s: {what}; {self.connected} are connected"
            await asyncio.sleep(0.05)
        return monotonic() - begin

    async def _live(self, member: Member) -> None:
        while True:
            try:
                await self._follow(member)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                member.connected = False
            await asyncio.sleep(self._random.uniform(0, LONGEST_PAUSE))

    async def _follow(self, member: Member) -> None:
        host, port = re.fullmatch(r"http://(.*):(\d+)", self._service.url).groups()  # type: ignore[union-attr]
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 16)
        try:
            going_on = f"Last-Event-ID: {member.cursor}\r\n" if member.cursor else ""
            writer.write(f"GET /v1/users/{member.user}/events HTTP/1.1\r\nHost: {host}\r\n{going_on}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            while True:
                size = int(await reader.readline() or b"0", 16)
                chunk = (await reader.readexactly(size + 2))[:-2].decode()
                if not size:
                    return
                self._take(member, chunk)
        finally:
            writer.close()

    def _take(self, member: Member, chunk: str) -> None:
        """Take in one piece of the answer, which is a frame or a comment: frames here are small."""
        member.connected = True
        if chunk.startswith(":"):
            member.comments += chunk == ":\n\n"
            return
        fields = dict(line.split(": ", 1) for line in chunk.strip().split("\n"))
        member.cursor = fields["id"]
        member.snapshots += fields["event"] == "snapshot"
        if fields["event"] == "change":
            member.revisions.append(json.loads(fields["data"])["revision"])
