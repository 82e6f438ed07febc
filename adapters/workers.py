"""Processes beside this one, each with its own work: one that dies is started again, and all end with this one."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Final, Self

import structlog

from adapters.background import Background

logger = structlog.get_logger("workers")

PATIENCE = 15.0
"""Seconds after which a worker that was asked to end is killed."""

PAUSE = 1.0
"""Seconds between a death and the next start: a fault that comes back at once is not to keep the machine busy."""

ASKED: Final = (signal.SIGINT, signal.SIGTERM)
"""How a process is asked to end."""

Work = Callable[[], None]
"""What a process does until it is asked to end. It is pickled."""

Named = tuple[str, Work]
"""The part of the service that it is."""


class Workers(Background):
    """Processes that run as long as a `with` lasts."""

    def __init__(self, works: Sequence[Named]) -> None:
        super().__init__("workers")
        self._works = works
        self._processes: list[SpawnProcess] = []
        self._changing = Lock()

    def __enter__(self) -> Self:
        """Start all of them, and see to it that they stay."""
        resource_tracker.ensure_running()  # whose own start would let signals through
        with _undisturbed():
            for work in self._works:
                self._processes.append(self._start(*work))
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask all of them to end, and wait until they have, also where this one is asked again meanwhile."""
        with _undisturbed():
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
        signal.pthread_sigmask(signal.SIG_BLOCK, ASKED)  # those that are started from here have it so
        while self._processes and not self.over.is_set():
            ended = wait([process.sentinel for process in self._processes])
            for place, process in enumerate(self._processes):
                if process.sentinel in ended and not self.over.is_set():
                    self._start_again(place, process)

    def _start_again(self, place: int, ended: SpawnProcess) -> None:
        ended.join()
        say = logger.info if ended.exitcode == 0 else logger.error  # 0: somebody asked it to end, perhaps this one, too
        say("a process ended, and is started again", part=ended.name, pid=ended.pid, code=ended.exitcode)
        while not self.over.wait(PAUSE):
            try:
                with self._changing:
                    if not self.over.is_set():
                        self._processes[place] = self._start(*self._works[place])
            except OSError as error:  # no memory, no file left: later perhaps
                logger.error("a process cannot be started", part=ended.name, reason=str(error))  # noqa: TRY400 - foreseen
            else:
                return

    def _start(self, part: str, work: Work) -> SpawnProcess:
        # As a daemon it ends with this process also where not all could be started.
        process = get_context("spawn").Process(target=_live, args=(work,), name=part, daemon=True)
        process.start()
        return process


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let whoever asks this process to end wait: in the middle of this nothing could be ended in good order."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _live(work: Work) -> None:
    signal.signal(signal.SIGTERM, _end)
    # Ctrl-C goes to every process of a terminal: this one ends when the first one asks it to, as with any other signal.
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGINT})
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(SystemExit):
        work()


def _end(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # asked twice, it still ends in good order
    sys.exit(0)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
