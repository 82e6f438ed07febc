"""`convgroups watch` as a person runs it: a process that goes on until it is ended."""

import json
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

from tests.integration.process import PROGRAM, Ended, environment

PATIENCE = 10.0
"""Seconds after which a line is not coming."""


class Watch:
    """A running `convgroups watch`, its lines as they come."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.out: Queue[str] = Queue()
        self.err: Queue[str] = Queue()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            Thread(target=_read, args=reading) for reading in ((process.stdout, self.out), (process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def lines(self, count: int) -> list[str]:
        """Wait for the next lines of its output."""
        try:
            return [self.out.get(timeout=PATIENCE) for _ in range(count)]
        except Empty:
            said = list(_rest(self.err))
            raise AssertionError(f"waited {PATIENCE} s for a line; it said {said}") from None

    def frames(self, count: int) -> list[dict[str, Any]]:
        """Wait for the next frames of `--json`."""
        return [json.loads(line) for line in self.lines(count)]

    def said(self, *words: str) -> str:
        """Wait for the next line of its standard error, which has these words."""
        line = self.err.get(timeout=PATIENCE)
        assert all(word in line for word in words), line
        return line

    def interrupt(self) -> Ended:
        """Press Ctrl-C, and give how it ended, with what had not been looked at."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> Ended:
        """Wait for its end."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return Ended(code, "\n".join(_rest(self.out)), "\n".join(_rest(self.err)))


@contextmanager
def watching(*arguments: str, database: Path | None = None, **settings: str) -> Iterator[Watch]:
    """Run `convgroups watch` with these arguments."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*PROGRAM, "watch", *arguments],
        stdout=pipe,
        stderr=pipe,
        env=environment(database, **settings),
        text=True,
        encoding="utf-8",
        cwd=None if database is None else database.parent,
    )
    with process:
        watch = Watch(process)
        try:
            yield watch
        finally:
            process.kill()
            watch.end()


def _read(stream: Iterable[str] | IO[str], lines: "Queue[str]") -> None:
    for line in stream:
        lines.put(line.removesuffix("\n"))


def _rest(lines: "Queue[str]") -> Iterator[str]:
    while not lines.empty():
        yield lines.get()
