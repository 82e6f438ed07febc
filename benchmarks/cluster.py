"""A PostgreSQL server of the run's own, gone when the run ends.

Its settings are the defaults, but for the number of connections, for the module that can make commits late, and for
what the server does beside its work: vacuum and checkpoint come when the run asks for them, so that nobody is measured
while it cleans up behind another one.
"""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import LiteralString, Self

import psycopg
from psycopg import sql

from infra.postgres.postgres import LOOPBACK, USER, LocalPostgres, programs

LATE_COMMIT = Path(__file__).with_name("late_commit.c")
CONNECTIONS = 200
"""Enough for 128 callers with a connection each; the default is 100."""

LOG_FILES = 128
"""Of 16 MB each: enough for a round, so that no checkpoint falls into it.

They are made beforehand. A server that has run for a while uses its old ones again; a young one makes each when it is
needed, and all commits wait for 10 to 20 ms.
"""


class Cluster:
    """The server, and how commits are made late on it."""

    def __init__(self, folder: Path) -> None:
        self.no_late_commits: str | None = None
        """Why commits cannot be made late; None where they can."""

        self._folder = folder
        self._server = LocalPostgres(folder / "postgres")
        self._late = 0
        self.environment = os.environ | {
            "PATH": f"{programs()}:{os.environ['PATH']}",
            "PGHOST": LOOPBACK,
            "PGPORT": str(self._server.port),
            "PGUSER": USER,
            "PGDATABASE": "postgres",
        }

    def __enter__(self) -> Self:
        """Make the cluster and start its server."""
        self._server.start()
        try:
            self.run(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}", "ALTER SYSTEM SET autovacuum = off")
            self.run("ALTER SYSTEM SET checkpoint_timeout = '1d'")
            self.run(f"ALTER SYSTEM SET min_wal_size = '{16 * LOG_FILES}MB'")
            self.run(f"ALTER SYSTEM SET max_wal_size = '{32 * LOG_FILES}MB'")  # at half of it a checkpoint begins
            if module := self._build_late_commit():
                self.run(f"ALTER SYSTEM SET shared_preload_libraries = '{module}'")
            self._server.stop()
            self._server.start()
            self.run(
                f"SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal() FROM generate_series(1, {LOG_FILES})"
            )
            self.run("CHECKPOINT")  # which keeps the files for use again
        except BaseException:
            self._server.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server at once: nothing of it is kept."""
        self._server.kill()

    @property
    def pid(self) -> int:
        """The process that is the parent of all of the server's."""
        return int((self._folder / "postgres/cluster/postmaster.pid").read_text().split()[0])

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Carry out statements, each in a transaction of its own."""
        with psycopg.connect(self._address(database), autocommit=True) as db:
            for statement in statements:
                db.execute(sql.SQL(statement))

    def setting(self, name: str) -> str:
        """Tell one of the server's settings."""
        return self._says("SELECT current_setting(%s)", name)

    def last_checkpoint(self) -> str:
        """Give where the last checkpoint began: another place is another checkpoint."""
        return self._says("SELECT redo_lsn FROM pg_control_checkpoint()")

    def let_commits_take(self, microseconds: int) -> None:
        """Let each durable commit take so much longer from now on."""
        if microseconds != self._late:
            self.run(f"ALTER SYSTEM SET late.microseconds = {microseconds}", "SELECT pg_reload_conf()")
            self._late = microseconds

    def _says(self, query: LiteralString, *parameters: str) -> str:
        with psycopg.connect(self._address("postgres")) as db:
            row = db.execute(query, parameters).fetchone()
        return str(row[0]) if row else ""

    def _address(self, database: str) -> str:
        return f"postgresql://{USER}@{LOOPBACK}:{self._server.port}/{database}"

    def _build_late_commit(self) -> Path | None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            self.no_late_commits = "there is no C compiler"
            return None
        major = self._server.version.partition(".")[0]
        module = self._folder / "late_commit.so"
        command: list[str | Path] = [compiler, "-shared", "-fPIC", f"-DMAJOR={major}", "-o", module, LATE_COMMIT]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            self.no_late_commits = f"the module does not compile for PostgreSQL {major}"
            return None
        return module
