"""A Node that is new enough to run the JavaScript client."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import playwright
import pytest

from tests.services.provision import missing, note_use

OLDEST = 20


class Node(NamedTuple):
    """Where it is."""

    program: str


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Node:
    """Give the Node that is installed, or the one that Playwright brings along where that is missing or too old."""
    own = Path(playwright.__file__).with_name("driver") / "node"
    found = [(program, _version(program)) for program in (shutil.which("node"), str(own)) if program]
    for program, version in found:
        if version is not None and int(version.removeprefix("v").partition(".")[0]) >= OLDEST:
            note_use(pytestconfig, "Node", version)
            return Node(program)
    return missing("Node", f"the client needs {OLDEST} or newer, found {found}")


def _version(program: str) -> str | None:
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
