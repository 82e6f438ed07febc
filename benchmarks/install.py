"""Puts what the peers need into a folder that git ignores; what is there already is used again."""

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from infra.postgres.postgres import UnavailableError, programs

PEERS = Path(__file__).with_name("peers")


class NotInstalled(Exception):  # noqa: N818 - rows are left out then
    """Something that a peer needs is missing, and cannot be installed here."""


def node(home: Path) -> list[str]:
    """Install emmett and message-db from npm; give the command that runs a program of theirs."""
    _need("node", "npm")
    folder = home / "node"
    wanted = (PEERS / "package.json").read_text()
    stamp = folder / "installed.json"
    if not stamp.exists() or stamp.read_text() != wanted:
        folder.mkdir(exist_ok=True)
        shutil.copy(PEERS / "package.json", folder)
        _run("npm", "install", "--no-audit", "--no-fund", cwd=folder)
        stamp.write_text(wanted)
    return ["node", str(PEERS / "emmett.mjs")]


def java(home: Path) -> list[str]:
    """Compile the program for Axon, with Maven; give the command that runs it."""
    _need("java", "mvn")
    folder, sources = home / "axon", ("pom.xml", "Axon.java")
    classpath = folder / "target/classpath"
    if not classpath.exists() or any(
        (folder / name).read_text() != (PEERS / "axon" / name).read_text() for name in sources
    ):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in sources:
            shutil.copy(PEERS / "axon" / name, folder)
        _run("mvn", "--quiet", "--batch-mode", "process-classes", cwd=folder)
    return ["java", "-cp", f"{folder / 'target/classes'}:{classpath.read_text()}", "Axon"]


def wrk(home: Path) -> list[str]:
    """Find the load generator for HTTP."""
    _need_package("wrk", lambda: shutil.which("wrk"))
    return ["wrk"]


def postgres() -> None:
    """See to it that there is a PostgreSQL to start."""

    def found() -> str | None:
        with suppress(UnavailableError):
            return str(programs())
        return None

    _need_package("postgresql", found)


def _need_package(package: str, found: Callable[[], str | None]) -> None:
    """Install one of Debian's packages where `found` finds nothing, and it may be installed."""
    if found() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _run("apt-get", "install", "--yes", "--no-install-recommends", package)
    if found() is None:
        raise NotInstalled(f"{package} is missing (on Debian: apt-get install {package})")


def _need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            raise NotInstalled(f"{program} is missing")


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotInstalled(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-800:]}")
