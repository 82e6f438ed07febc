"""The wheel, installed alone and used far from the repository, is the whole service."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Service
from tests.e2e.user import User
from tests.services.provision import missing

ROOT = Path(__file__).parents[2]
ROOMS = {"adapters", "domain", "projections"}


def run(*command: object, folder: Path = ROOT) -> str:
    """Run a program that knows nothing of this tree, and give what it prints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PIP_CONSTRAINT"] = str(ROOT / "constraints.txt")
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it: so nothing that the wheel needs is missing in either."""
    folder = tmp_path_factory.mktemp("dist")
    try:
        run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "hatchling", folder=folder)
    except AssertionError:
        missing("package index", "pip cannot download hatchling")
    [backend] = folder.iterdir()
    backend.unlink()
    run(sys.executable, "-m", "build", "--outdir", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [wheel] = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of programs of a new environment that holds the wheel, what it needs, and nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=True)
    run(environment / "bin" / "pip", "install", "--quiet", "--no-compile", wheel, folder=environment)
    return environment / "bin"


@pytest.fixture
def service(installed: Path, tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path, program=installed / "convgroups")
    service.environment.pop("PYTHONPATH", None)
    yield service
    service.kill()


def test_the_wheel_holds_the_three_rooms_of_the_service_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    [facts] = tops - ROOMS
    assert facts.endswith(".dist-info")
    assert f"{facts}/licenses/LICENSE" in names
    written = {path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    typed = {f"{room}/py.typed" for room in ROOMS}
    contract = {path.relative_to(ROOT).as_posix() for path in (ROOT / "adapters/kafka/contract").rglob("*.json")}
    client = {path.relative_to(ROOT).as_posix() for path in (ROOT / "adapters/web/client").iterdir()}
    assert {name for name in names if not name.startswith(facts)} == written | typed | client | contract


def test_the_sdist_holds_what_the_wheel_is_built_from_and_no_tests(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}
    assert tops >= ROOMS | {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"}
    assert not tops & {"tests", "docs", "infra", "examples", "Makefile"}


def test_the_installed_wheel_brings_its_migrations_and_serves_commands_and_reads(service: Service) -> None:
    service.start()
    with service.client() as client:
        alice = User(client, "alice")
        alice.done("CreateGroup", groupName="产品体验", conversationIDs=["C2Cbob"])
        assert alice.group_names() == ["产品体验"]
        assert alice.conversations_in("产品体验") == ["C2Cbob"]
        assert client.get("/docs").status_code == 200
        assert client.get("/openapi.json").json()["info"]["title"] == "conversation-groups"
        assert "createConversationGroup" in client.get("/client/index.js").text
    doctor = service.run("doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    service.stop()


def test_the_installed_wheel_is_what_runs_and_lacks_nothing(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import adapters.main; print(adapters.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    run(installed / "pip", "check", folder=tmp_path)
