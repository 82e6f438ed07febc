"""The AsyncAPI document is one, by the published schemas of AsyncAPI."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from adapters.kafka.contract.asyncapi import VERSION, document
from tests.services.provision import missing


@pytest.fixture(scope="module")
def specification(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the schema of AsyncAPI documents, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        missing("AsyncAPI's schemas", "npm is not installed")
    folder = tmp_path_factory.mktemp("asyncapi")
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "@asyncapi/specs@6.11.1"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        missing("AsyncAPI's schemas", f"npm cannot install them: {installed.stderr[-500:]}")
    schemas: Path = folder / "node_modules/@asyncapi/specs/schemas"
    return json.loads((schemas / f"{VERSION}-without-$id.json").read_text())


def check(specification: Any, made: Any) -> None:
    jsonschema.validators.validator_for(specification)(specification).validate(made)


def test_the_document_is_valid(specification: Any) -> None:
    check(specification, document())


@pytest.mark.parametrize("part", ["info", "asyncapi"])
def test_one_that_lacks_a_part_is_not(specification: Any, part: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(specification, {name: value for name, value in document().items() if name != part})


def test_every_reference_leads_somewhere() -> None:
    made = document()

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["$ref"]] if "$ref" in value else [one for part in value.values() for one in references(part)]
        return [one for part in value for one in references(part)] if isinstance(value, list) else []

    found = references(made)
    assert len(found) > 20
    for reference in found:
        target = made
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
