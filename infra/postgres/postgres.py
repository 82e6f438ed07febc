"""A real PostgreSQL on loopback from the programs that are installed here: one server, for development and tests.

As a program it runs until Ctrl-C: `python infra/postgres/postgres.py --port 5432`. As a module, `LocalPostgres` can
also be killed, and started again on its data. Needs PostgreSQL 15 or newer; any local user may do anything in it.
"""

import argparse
import ctypes
import os
import pwd
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LOOPBACK = "127.0.0.1"
USER = "postgres"
INITDB = ["--encoding=UTF8", "--no-locale"]
READY = "database system is ready to accept connections"  # what the server logs when it takes clients
OLDEST = 15
START_TIMEOUT, STOP_TIMEOUT = 60.0, 30.0

_DEBIAN = Path("/usr/lib/postgresql")
_LIBC = ctypes.CDLL(None)  # loaded here because little is safe between fork and exec
_PR_SET_PDEATHSIG = 1


class UnavailableError(RuntimeError):
    """PostgreSQL cannot be had on this machine; the text says what is missing."""


class ServerError(RuntimeError):
    """The server does not start; the text says why, or holds the end of its log."""


def url(port: int) -> str:
    """Return where clients on this machine find the server, as its superuser."""
    return f"postgresql://{USER}@{LOOPBACK}:{port}/postgres"


def programs() -> Path:
    """Return the folder of the newest PostgreSQL that is installed, or raise `UnavailableError`."""
    debian = sorted(_DEBIAN.glob("[0-9]*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    found = debian[-1] if debian else shutil.which("postgres")
    if found is None:
        raise UnavailableError("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    folder = Path(found).resolve().parent
    if int(version(folder).partition(".")[0]) < OLDEST:
        raise UnavailableError(f"PostgreSQL {OLDEST} or newer is needed, and {folder} holds {version(folder)}")
    return folder


def version(folder: Path) -> str:
    """Return the version of the PostgreSQL in a folder of programs."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"[0-9]+[.0-9]*", said)
    return found[0] if found else "0"


def free_port() -> int:
    """Return a port that nobody listens on, from below the range that the system gives to outgoing connections.

    In that range a client that keeps trying to reach a stopped server can be given the server's own port.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _account() -> pwd.struct_passwd | None:
    """Return whom the server is to run as, where it may not run as we do: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in (USER, "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise UnavailableError("PostgreSQL does not run as root, and here is no user postgres or nobody")


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-15:])


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)  # ends the server's children as well, which SIGKILL may not


def _children(parent: int) -> list[int]:
    """Return the processes of a server. Elsewhere than on Linux none are found; they end soon after their parent."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


class LocalPostgres:
    """One server with its own data; `start` after `kill` or `stop` goes on with the same data and port.

    `port` 0 takes a free one. `data` None is a temporary folder, removed by `close`, which leaving the `with` calls.
    """

    def __init__(self, data: Path | None = None, port: int = 0) -> None:
        self.port = port or free_port()
        self.url = url(self.port)
        self._programs = programs()
        self.version = version(self._programs)
        self._account = _account()
        self._temporary = data is None
        self.data = data.resolve() if data else Path(tempfile.mkdtemp(prefix="postgres-"))
        self.log = self.data / "server.log"
        self._cluster = self.data / "cluster"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and return when it takes clients."""
        if self._process is not None and self._process.poll() is None:
            raise RuntimeError("this server is running already")
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the server in the main thread: Linux ends it with the thread that started it")
        if not _is_free(self.port):
            raise ServerError(f"port {self.port} is taken: stop what listens there, or choose another port")
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()
        options = {"listen_addresses": LOOPBACK, "port": self.port, "unix_socket_directories": "."}  # in its cluster
        with self.log.open("ab") as log:
            begin = log.tell()
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._cluster, *(f"--{key}={options[key]}" for key in options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this program alone, which stops the server in good order
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one C call
                **self._as_account(),
            )
        try:
            self._wait_until_ready(self._process, begin)
        except BaseException:
            self.kill()
            raise

    def _make_cluster(self) -> None:
        self._cluster.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._account is not None:
            for folder in [self._cluster, self.data] if self._temporary else [self._cluster]:
                os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        command = [self._programs / "initdb", "-D", self._cluster, f"--username={USER}", "--auth=trust", *INITDB]
        if self._temporary:
            command.append("--no-sync")  # it need not survive the machine
        made = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **self._as_account()
        )
        if made.returncode:
            raise ServerError(f"initdb ended with {made.returncode}:\n{_tail(made.stdout + made.stderr)}")

    def _as_account(self) -> dict[str, Any]:
        """Return how a program of PostgreSQL is run: where it may be, and as whom."""
        place: dict[str, Any] = {"cwd": self.data}
        if self._account is None:
            return place
        return place | {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _wait_until_ready(self, process: subprocess.Popen[bytes], begin: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while READY.encode() not in self.log.read_bytes()[begin:]:
            if process.poll() is not None:
                raise ServerError(f"the server ended with {process.returncode} at its start:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerError(f"the server was not ready after {START_TIMEOUT:.0f} s:\n{self.log_tail()}")
            time.sleep(0.02)

    def log_tail(self) -> str:
        """Return the last lines that the server logged."""
        return _tail(self.log.read_text(errors="replace"))

    def wait(self) -> int:
        """Wait until the server ends by itself and return its exit code."""
        if self._process is None:
            raise RuntimeError("this server is not running")
        return self._process.wait()

    def kill(self) -> None:
        """End the server at once with all its processes, as `kill -9` or a crash does; its data stays."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGSTOP)  # so that it starts no more of them
        ending = []
        for child in _children(self._process.pid):
            with suppress(ProcessLookupError):
                ending.append(os.pidfd_open(child))
                signal.pidfd_send_signal(ending[-1], signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for child in ending:
            select.select([child], [], [])  # readable when the process has ended
            os.close(child)
        self._process = None

    def stop(self) -> None:
        """Let the server shut down in good order, without waiting for its clients; its data stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def close(self) -> None:
        """Stop the server and remove its data if that was temporary."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def main(arguments: list[str] | None = None) -> None:
    """Run one server until Ctrl-C or SIGTERM; the only line on standard output is its URL, once it is ready."""
    parser = argparse.ArgumentParser(description=f"Run PostgreSQL on {LOOPBACK} until Ctrl-C.")
    parser.add_argument("--port", type=int, default=5432, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data there (default: a temporary folder)")
    given = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        with LocalPostgres(given.data, given.port) as server:
            print(server.url, flush=True)
            lost = "" if given.data else ", and its data are gone then"
            name = f"PostgreSQL {server.version}"
            print(f"{name} is ready; it logs to {server.log}; Ctrl-C stops it{lost}.", file=sys.stderr)
            code = server.wait()
            sys.exit(f"postgres: the server ended by itself with {code}:\n{server.log_tail()}")
    except (UnavailableError, ServerError, OSError) as error:
        sys.exit(f"postgres: {error}")


if __name__ == "__main__":
    main()
