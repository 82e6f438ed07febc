"""The client's declarations, read by TypeScript, and held against the client itself."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.client.conftest import NewDevice
from tests.e2e.client.device import CLIENT
from tests.services.provision import missing

HERE = Path(__file__).parent / "types"
OPTIONS = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom", "--types", ""]


@pytest.fixture(scope="module")
def tsc(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the compiler, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        missing("TypeScript", "npm is not installed")
    folder = tmp_path_factory.mktemp("typescript")
    shutil.copy(HERE / "package.json", folder)
    install = [npm, "install", "--silent", "--no-audit", "--no-fund"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        missing("TypeScript", f"npm cannot install it: {installed.stderr[-500:]}")
    return str(folder / "node_modules" / ".bin" / "tsc")


def test_the_declarations_let_through_what_is_right_and_refuse_what_is_not(tsc: str) -> None:
    files = [str(CLIENT.with_name("index.d.ts")), str(HERE / "application.ts")]
    checked = subprocess.run([tsc, *OPTIONS, *files], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_call_that_is_declared_is_there_and_no_other(new_device: NewDevice) -> None:
    declared = re.search(r"interface Chat \{(.*?)\n\}", CLIENT.with_name("index.d.ts").read_text(), re.DOTALL)
    assert declared is not None
    names = set(re.findall(r"^\t(\w+)[(<]", declared[1], re.MULTILINE))
    ran = new_device().run("console.log(Object.keys(tim).sort())")
    assert ran["printed"] == [["log", sorted(names)]]
