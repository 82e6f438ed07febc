"""How much time of the CPU a process and its children have had, from `/proc`."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


SETTLES = 0.02
"""Seconds in which a process that is about to end does so."""


def seconds_of(root: int) -> float:
    """Add up user and system time of a process and all below it, those that have ended included.

    One that ends while this looks would be counted neither by itself nor by its parent: so it looks until none does.
    """
    before = family(root).keys()
    while True:
        time.sleep(SETTLES)
        processes = family(root)
        if processes.keys() == before:
            return sum(processes.values()) / TICKS
        before = processes.keys()


def family(root: int) -> dict[int, int]:
    """Give a process and all below it, each with its time in ticks and that of its children that have ended."""
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
    processes, found = dict[int, int](), [root]
    while found:
        pid = found.pop()
        processes[pid] = ticks.get(pid, 0)
        found += children.get(pid, [])
    return processes
