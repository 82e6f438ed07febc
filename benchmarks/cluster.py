"""A PostgreSQL server of the run's own on loopback; gone when the run ends.

Its settings are the defaults, but for the address and the number of connections.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path

LATE_COMMIT = Path(__file__).with_name("late_commit.c")
LOOPBACK = "127.0.0.1"
CONNECTIONS = 200
"""Enough for 128 callers with a connection each; the default is 100."""


class Cluster:
    """The server, and how commits are made late on it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.late_commits: str | None = None
        """Why commits cannot be made late; None where they can."""

        self._folder = folder
        self._late = 0
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            self._port: int = probe.getsockname()[1]
        # PostgreSQL refuses to run as root; Debian's user for it owns the folder then.
        self._as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": LOOPBACK,
            "PGPORT": str(self._port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
        }

    def start(self) -> None:
        """Make the cluster and start its server."""
        self._folder.mkdir()
        options = f"-p {self._port} -c listen_addresses={LOOPBACK} -c unix_socket_directories={self._folder}"
        options += f" -c max_connections={CONNECTIONS}"
        if module := self._build_late_commit():
            options += f" -c shared_preload_libraries={module}"
        if self._as_owner:
            shutil.chown(self._folder, "postgres")
        self._control("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale")
        self._control("pg_ctl", "-l", self._folder / "log", "-w", "start", "-o", options)

    def stop(self) -> None:
        """Stop the server at once: nothing of it is kept."""
        if (self._folder / "data/postmaster.pid").exists():
            self._control("pg_ctl", "-m", "immediate", "-w", "stop")

    @property
    def pid(self) -> int:
        """The process that is the parent of all of the server's."""
        return int((self._folder / "data/postmaster.pid").read_text().split()[0])

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """Carry out statements, each in a transaction of its own, and give what the last one says."""
        commands = [part for statement in statements for part in ("-c", statement)]
        asked: list[str | Path] = [self.programs / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", database, *commands]
        said: subprocess.CompletedProcess[str] = subprocess.run(
            asked, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return said.stdout.strip()

    def let_commits_take(self, microseconds: int) -> None:
        """Let each durable commit take so much longer from now on."""
        if microseconds != self._late:
            self.sql(f"ALTER SYSTEM SET late.microseconds = {microseconds}", "SELECT pg_reload_conf()")
            self._late = microseconds

    def _build_late_commit(self) -> Path | None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            self.late_commits = "there is no C compiler"
            return None
        said = subprocess.run([self.programs / "postgres", "--version"], check=True, capture_output=True, text=True)
        major = said.stdout.split()[2].split(".")[0]
        module = self._folder / "late_commit.so"
        command: list[str | Path] = [compiler, "-shared", "-fPIC", f"-DMAJOR={major}", "-o", module, LATE_COMMIT]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            self.late_commits = f"the module does not compile for PostgreSQL {major}"
            return None
        return module

    def _control(self, program: str, *arguments: str | Path) -> None:
        command: list[str | Path] = [*self._as_owner, self.programs / program, "-D", self._folder / "data", *arguments]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL)
