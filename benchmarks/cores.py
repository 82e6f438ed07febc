"""Which processes may run on which core."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.cpu import family


def why_no_own_core(server: int) -> str | None:
    """Tell why a process cannot be given a core of its own, beside this server; None where it can."""
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        return "there is one core only"
    try:
        os.sched_setaffinity(server, cores)
    except PermissionError:
        return "the server's processes may not be moved to other cores"
    return None


@contextmanager
def own_core(process: int, others: Iterable[int]) -> Iterator[None]:
    """Give this process a core of its own; the others and all below them, but for this one, get the rest."""
    cores = os.sched_getaffinity(0)
    own = {max(cores)}
    everybody = [process, *others]
    try:
        _move(lambda: _threads_below(everybody), cores - own)
        _move(lambda: _threads_of(process), own)
        yield
    finally:
        _move(lambda: _threads_below(everybody), cores)


def _move(look: Callable[[], set[int]], cores: set[int]) -> None:
    """Move threads until no new one is seen: one that is started meanwhile begins where its parent was."""
    moved: set[int] = set()
    while new := look() - moved:
        for thread in new:
            with suppress(ProcessLookupError):  # it has just ended
                os.sched_setaffinity(thread, cores)
        moved |= new


def _threads_below(processes: Iterable[int]) -> set[int]:
    return {thread for process in processes for each in family(process) for thread in _threads_of(each)}


def _threads_of(process: int) -> set[int]:
    try:
        return {int(thread.name) for thread in Path(f"/proc/{process}/task").iterdir()}
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return set()
