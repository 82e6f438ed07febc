"""How much time of the CPU a process and its children have had, from `/proc`."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(root: int) -> float:
    """Add up user and system time of a process and all below it, those that have ended included."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pid, parent = int(folder.name), int(fields[1])
        children.setdefault(parent, []).append(pid)
        ticks[pid] = sum(map(int, fields[11:15]))  # utime, stime, and both of the children that have ended
    found, total = [root], 0
    while found:
        pid = found.pop()
        total += ticks.get(pid, 0)
        found += children.get(pid, [])
    return total / TICKS
