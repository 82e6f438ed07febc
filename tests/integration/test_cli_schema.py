"""`convgroups schema` prints the contract, writes it, and checks values against it."""

import json
from pathlib import Path

import pytest

from adapters.kafka.contract import published
from adapters.kafka.contract.asyncapi import document
from adapters.kafka.contract.published import write
from adapters.kafka.contract.schemas import MODELS, schemas
from tests.integration.command_line import Run
from tests.unit.domain.changes import created
from tests.unit.projections.recorded import recorded

CREATED = "conversation-groups.group-created.v1"


@pytest.fixture
def value(tmp_path: Path) -> Path:
    [event] = recorded(created(1, "One"))
    file = tmp_path / "value.json"
    file.write_bytes(event.to_json())
    return file


def test_it_lists_the_schemas(run: Run) -> None:
    assert run("schema", "--json").json == {"schemas": list(MODELS)}
    listed = run("schema")
    assert listed.code == 0
    assert all(name in listed.out for name in MODELS)


@pytest.mark.parametrize("name", [CREATED, "group-created.v1", "group-created"])
def test_it_prints_one(run: Run, name: str) -> None:
    assert run("schema", name).json == schemas()[CREATED]


def test_it_prints_the_document_of_the_topics(run: Run) -> None:
    assert run("schema", "asyncapi").json == document()


def test_it_writes_all_of_it_into_a_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "contract"
    files = run("schema", "--write", str(folder), "--json").json["files"]
    assert sorted(files) == sorted(str(file.relative_to(folder)) for file in folder.rglob("*.json"))
    assert json.loads((folder / "asyncapi.json").read_text()) == document()


def test_it_says_whether_a_value_is_one(run: Run, value: Path) -> None:
    assert run("schema", "group-created", "--value", str(value)).code == 0
    event = json.loads(value.read_text())
    value.write_text(json.dumps(event | {"somethingNew": 1}))
    assert run("schema", "group-created", "--value", str(value), "--json").json == {"ok": True, "wrong": []}
    value.write_text(json.dumps(event | {"groupID": "1"}))
    ended = run("schema", "group-created", "--value", str(value))
    assert ended.code == 1
    assert "groupID: Input should be a valid integer" in ended.err
    ended = run("schema", "group-deleted", "--value", str(value), "--json")
    assert (ended.code, ended.json["ok"]) == (1, False)


def test_it_checks_that_the_contract_is_kept(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("schema", "--check").code == 0
    write(tmp_path)
    file = tmp_path / f"schemas/{CREATED}.json"
    schema = json.loads(file.read_text())
    schema["properties"]["colour"] = {"type": "string"}
    file.write_text(json.dumps(schema))
    monkeypatch.setattr(published, "files", lambda _: tmp_path)
    ended = run("schema", "--check")
    assert ended.code == 1
    assert "The field colour is gone. Publish conversation-groups.group-created.v2 beside it instead." in ended.err


@pytest.mark.parametrize(
    "words",
    [["nonsense"], ["--value", "x"], ["group-created", "--check"], ["group-created", "--value", "no-such-file"]],
    ids=" ".join,
)
def test_what_makes_no_sense_is_wrong_usage(run: Run, words: list[str]) -> None:
    run("schema", *words).fails(2)
