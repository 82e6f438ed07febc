"""The kit for consumers, installed alone, needs nothing of the service."""

import venv
from pathlib import Path

import pytest

from tests.packaging.test_wheel import ROOT, run
from tests.services.provision import missing

PROGRAM = """
import sys
from convgroups_client import Consumer, Ledger, UserGroups
from convgroups_client.conformance import check
from convgroups_client.story import story
assert len(story()) == 30
assert not {"domain", "adapters", "projections"} & set(sys.modules)
print(Consumer.__name__)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the Python of a new environment that holds the kit, what it needs, and nothing else."""
    environment = tmp_path_factory.mktemp("client")
    venv.create(environment, with_pip=True)
    try:
        run(environment / "bin/pip", "install", "--quiet", "--no-compile", ROOT / "clients/python", folder=environment)
    except AssertionError as error:
        if "No matching distribution" not in str(error):
            raise
        missing("package index", "pip finds nothing")
    return environment / "bin/python"


def test_it_works_alone(python: Path, tmp_path: Path) -> None:
    assert run(python, "-c", PROGRAM, folder=tmp_path).strip() == "Consumer"


def test_it_needs_kafka_python_and_pydantic_and_nothing_of_the_service(python: Path, tmp_path: Path) -> None:
    installed = run(python, "-m", "pip", "list", "--format=freeze", folder=tmp_path)
    names = {line.partition("==")[0].lower().replace("_", "-") for line in installed.splitlines()}
    assert {"conversation-groups-client", "kafka-python", "pydantic"} <= names
    assert names.isdisjoint({"conversation-groups", "eventsourcing", "fastapi", "psycopg", "starlette"})
