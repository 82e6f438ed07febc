"""On what was measured: the machine, its disk and the versions of everything."""

import os
import platform
import re
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.cluster import Cluster
from benchmarks.install import PEERS
from benchmarks.open_loop import going_first
from benchmarks.peer import ROOT

SHOWN = (
    "synchronous_commit",
    "fsync",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "min_wal_size",
    "checkpoint_timeout",
    "autovacuum",
    "max_connections",
)


def facts(cluster: Cluster, folder: Path, rounds: int, seconds: float) -> dict[str, str]:
    """Tell what a reader needs to know to compare with another run."""
    settings = ", ".join(f"{name} = {cluster.setting(name)}" for name in SHOWN)
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Commit": _says("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"),
        "Rounds": f"{rounds} of {seconds:g} s for each case; min / median / max",
        "Machine": f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {_memory()}, {platform.system()} "
        f"{platform.release()}",
        "Disk": f"{1e3 * fdatasync_seconds(folder):.2f} ms for one `fdatasync` of 4 KiB",
        "PostgreSQL": f"{cluster.setting('server_version')}, {settings}",
        "Python": f"{platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("eventsourcing", "psycopg", "uvloop", "uvicorn")),
        "Node": f"{_says('node', '--version')}, {_versions('package.json', _NODE_PACKAGE)}",
        "Java": f"{_says('java', '-version')}, {_versions('axon/pom.xml', _JAVA_PACKAGE)}",
        "Load over HTTP": f"{_says('wrk', '-v').partition(' [')[0]}; latencies with {_priority()}",
    }


def _priority() -> str:
    with going_first() as first:
        return "real-time priority" if first else "no priority, as none is allowed: its own waits are in its figures"


_NODE_PACKAGE = re.compile(r'"@[^/]*/(?P<name>[^"]+)": "(?P<version>[^"]+)"')
_JAVA_PACKAGE = re.compile(r"<artifactId>(?P<name>axon-\w+|HikariCP)</artifactId><version>(?P<version>[^<]+)<")


def fdatasync_seconds(folder: Path) -> float:
    """Measure how long the disk takes for what every commit waits for; the median of many."""
    took = []
    file = folder / "fdatasync"
    with file.open("wb", buffering=0) as out:
        out.write(bytes(4096 * 256))
        os.fsync(out)
        for block in range(256):
            out.seek(4096 * block)
            out.write(b"x" * 4096)
            begin = time.perf_counter()
            os.fdatasync(out)
            took.append(time.perf_counter() - begin)
    file.unlink()
    return sorted(took)[len(took) // 2]


def _versions(file: str, pattern: re.Pattern[str]) -> str:
    return ", ".join(f"{found['name']} {found['version']}" for found in pattern.finditer((PEERS / file).read_text()))


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _says(*command: str) -> str:
    """Give the first line that a program says of itself."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not there"
    lines = (said.stdout or said.stderr).splitlines()
    return lines[0].strip() if lines else "unknown"
