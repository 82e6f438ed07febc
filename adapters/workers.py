"""Several processes that serve one socket: one that dies is started again, and all end with their parent."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from time import monotonic, sleep
from typing import Any

import structlog

logger = structlog.get_logger("workers")

PATIENCE = 15.0
"""Seconds after which a worker that was asked to end is killed."""

PAUSE = 1.0
"""Seconds between a death and the next start: a fault that comes back at once is not to keep the machine busy."""


class Workers:
    """Processes that all do the same."""

    def __init__(self, count: int, work: Callable[..., None], *arguments: Any) -> None:
        self._count = count
        self._work = work
        self._arguments = arguments
        self._processes: list[SpawnProcess] = []

    def run(self) -> None:
        """Keep all of them running until this process is asked to end."""
        try:
            for _ in range(self._count):
                self._processes.append(self._start())
            while True:
                died = wait([process.sentinel for process in self._processes])
                for process in [process for process in self._processes if process.sentinel in died]:
                    process.join()
                    logger.error("a worker died, and is started again", pid=process.pid, code=process.exitcode)
                    sleep(PAUSE)
                    self._processes[self._processes.index(process)] = self._start()
        finally:
            self._stop()

    def _start(self) -> SpawnProcess:
        # As a daemon one that is not in the list yet, when this process is asked to end, is ended all the same.
        process = get_context("spawn").Process(target=_live, args=(self._work, self._arguments), daemon=True)
        # Ctrl-C goes to every process of the terminal; a worker is asked to end by this one alone, from its begin on.
        interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
        # And who asks this one to end waits until the worker has been told what to do: else it fails in the middle.
        asked: list[int] = []
        terminated = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
        try:
            process.start()
        finally:
            signal.signal(signal.SIGINT, interrupted)
            signal.signal(signal.SIGTERM, terminated)
        if asked:
            os.kill(os.getpid(), signal.SIGTERM)
        return process

    def _stop(self) -> None:
        for process in self._processes:
            process.terminate()
        deadline = monotonic() + PATIENCE
        for process in self._processes:
            process.join(max(0.0, deadline - monotonic()))
            if process.is_alive():
                process.kill()


def _live(work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt, SystemExit):
        work(*arguments)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
