"""Processes beside this one, each with its own work: one that dies is started again, and all end with this one."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Self

import structlog

from adapters.background import Background

logger = structlog.get_logger("workers")

PATIENCE = 15.0
"""Seconds after which a worker that was asked to end is killed."""

PAUSE = 1.0
"""Seconds between a death and the next start: a fault that comes back at once is not to keep the machine busy."""

Work = Callable[[], None]
"""What a process does until it is asked to end. It is pickled."""


class Workers(Background):
    """Processes that run as long as a `with` lasts."""

    def __init__(self, works: Sequence[Work]) -> None:
        super().__init__("workers")
        self._works = works
        self._processes: list[SpawnProcess] = []
        self._changing = Lock()

    def __enter__(self) -> Self:
        """Start all of them, and see to it that they stay."""
        with _undisturbed():
            for work in self._works:
                self._processes.append(self._start(work))
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask all of them to end, and wait until they have."""
        with self._changing:
            self.over.set()
        for process in self._processes:
            process.terminate()
        deadline = monotonic() + PATIENCE
        for process in self._processes:
            process.join(max(0.0, deadline - monotonic()))
            if process.is_alive():
                process.kill()
        super().__exit__(kind, error, trace)

    def run(self) -> None:
        """Start again what dies."""
        while self._processes and not self.over.is_set():
            died = wait([process.sentinel for process in self._processes])
            for place, process in enumerate(self._processes):
                if process.sentinel in died and not self.over.is_set():
                    process.join()
                    logger.error("a worker died, and is started again", pid=process.pid, code=process.exitcode)
                    self.over.wait(PAUSE)
                    with self._changing:
                        if not self.over.is_set():
                            self._processes[place] = self._start(self._works[place])

    def _start(self, work: Work) -> SpawnProcess:
        # As a daemon one that is not in the list yet, when this process is asked to end, is ended all the same.
        process = get_context("spawn").Process(target=_live, args=(work,), daemon=True)
        process.start()
        return process


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let whoever asks this process to end wait until the workers are started: else one fails in the middle.

    Ctrl-C goes to every process of the terminal; a worker is asked to end by this one alone, from its begin on.
    """
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked: list[int] = []
    terminated = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupted)
        signal.signal(signal.SIGTERM, terminated)
    if asked:
        os.kill(os.getpid(), signal.SIGTERM)


def _live(work: Work) -> None:
    signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT}
    )  # held back: a server would put a handler of its own there
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(SystemExit):
        work()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
