"""The command that every peer carries out: load a user's stream, decide, append one event of about 300 bytes.

`emmett.mjs` and `Axon.java` say the same in their languages. `n` is the number of changes that the stream holds.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.protocol import tell_begin

USERS, EVENTS = 5_000, 20
CREATED, ADDED, RENAMED, REMOVED, DELETED = (
    "group-created",
    "conversations-added",
    "group-renamed",
    "conversations-removed",
    "group-deleted",
)
CYCLE = (CREATED, ADDED, RENAMED, REMOVED, DELETED)
Groups = dict[str, dict[str, Any]]


def stream_id(user: int) -> uuid.UUID:
    """Name a user's stream."""
    return uuid.UUID(int=0x1400000001 << 64 | user)


def data_of(n: int, group: str) -> dict[str, Any]:
    """Give what the nth event says."""
    return {
        "app": "1400000001",
        "group": group,
        "name": f"Family, friends and the people from work {n:04d}",
        "conversations": [f"C2C_contact-of-mine-{(7 * n + i) % 1000:04d}" for i in range(5)],
        "operator": "administrator",
        "source": "an-ordinary-client",
    }


def decide(groups: Groups, n: int) -> tuple[str, dict[str, Any]]:
    """Give the event of the nth command, after checking it against the state."""
    kind, group = CYCLE[n % 5], f"group-{n // 5:04d}"
    if kind == DELETED:
        old = f"group-{n // 5 - 2:04d}"
        kind, group = (DELETED, old) if old in groups else (RENAMED, group)
    if (kind == CREATED) == (group in groups):
        raise ValueError(f"{kind} {group}: refused")
    return kind, data_of(n, group)


def evolve(groups: Groups, kind: str, data: Mapping[str, Any]) -> None:
    """Apply one event: to the state of a stream, and to the views that are built from the log."""
    if kind == CREATED:
        groups[data["group"]] = {"name": data["name"], "conversations": set()}
    elif kind == ADDED:
        groups[data["group"]]["conversations"].update(data["conversations"])
    elif kind == RENAMED:
        groups[data["group"]]["name"] = data["name"]
    elif kind == REMOVED:
        groups[data["group"]]["conversations"].difference_update(data["conversations"])
    elif kind == DELETED:
        del groups[data["group"]]


def history(length: int = EVENTS) -> list[tuple[str, dict[str, Any]]]:
    """Give the first events of a stream."""
    groups: Groups = {}
    events = []
    for n in range(length):
        events.append(decide(groups, n))
        evolve(groups, *events[-1])
    return events


def compact(data: object) -> str:
    """Give the JSON of an event."""
    return json.dumps(data, separators=(",", ":"))


def measure(workers: Sequence[Callable[[], None]], warm: float, seconds: float) -> dict[str, float]:
    """Let each worker carry out one command after the other, in a thread of its own."""
    counted, total = [0] * len(workers), [0] * len(workers)
    failures: list[BaseException] = []
    begin = time.perf_counter() + warm
    end = begin + seconds
    last = [begin] * len(workers)

    def loop(index: int, work: Callable[[], None]) -> None:
        try:
            while (now := time.perf_counter()) < end:
                work()
                total[index] += 1
                if now >= begin:
                    counted[index] += 1
                    last[index] = time.perf_counter()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=loop, args=pair) for pair in enumerate(workers)]
    for thread in threads:
        thread.start()
    time.sleep(max(0.0, begin - time.perf_counter()))
    tell_begin()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return {"count": sum(counted), "seconds": max(last) - begin, "total": sum(total)}
