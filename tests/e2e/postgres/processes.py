"""The processes of a service, and who of them has which connection; as Linux tells it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ESTABLISHED = "01"


def workers(parent: int) -> set[int]:
    """Give the processes that a service has beside its first: no helper of `multiprocessing` itself."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            started_by = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if started_by == parent and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def processes(service: int) -> set[int]:
    """Give the process of a service, and its workers."""
    return {service, *workers(service)}


def runs(process: int) -> bool:
    """Tell whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def connections(port: int, processes: Iterable[int]) -> Counter[int]:
    """Count the connections to a port of this machine by the process that answers them."""
    sockets = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        if local.endswith(f":{port:04X}") and state == ESTABLISHED:
            sockets.add(f"socket:[{inode}]")
    return Counter(process for process in processes for file in _files(process) if file in sockets)


def _files(process: int) -> list[str]:
    found = []
    for file in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.append(str(file.readlink()))
        except OSError:
            continue  # closed meanwhile
    return found
