"""Which processes may run on which core."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.cpu import family


@contextmanager
def apart(process: int, others: Iterable[int]) -> Iterator[None]:
    """Give this process a core of its own, and the others, with all below them, the other cores.

    Needs two cores, and the right to move these processes.
    """
    cores = os.sched_getaffinity(0)
    own = {max(cores)}
    try:
        _move(others, cores - own)
        _move_one(process, own)
        yield
    finally:
        _move(others, cores)


def _move(roots: Iterable[int], cores: set[int]) -> None:
    for root in roots:
        for process in family(root):
            _move_one(process, cores)


def _move_one(process: int, cores: set[int]) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)
