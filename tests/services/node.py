"""A Node that is new enough to run the JavaScript client."""

import shutil
import subprocess
from typing import NamedTuple

import pytest

from tests.services.provision import missing, note_use

OLDEST = 20


class Node(NamedTuple):
    """Where it is."""

    program: str


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Node:
    """Give the Node of this machine."""
    program = shutil.which("node")
    if program is None:
        missing("Node", "it is not installed")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        missing("Node", f"{program} is {version}, and the client needs {OLDEST} or newer")
    note_use(pytestconfig, "Node", version)
    return Node(program)
