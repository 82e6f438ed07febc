"""The contract as it was published: the files beside this one, in the repository and in the wheel."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from adapters.kafka.contract.asyncapi import document
from adapters.kafka.contract.compatible import broken_schemas, broken_topics
from adapters.kafka.contract.schemas import Schema, schemas

ASYNCAPI: Final = "asyncapi.json"


def published_schema(name: str) -> Schema | None:
    """Give the schema of this name as it was published; None for one that never was."""
    schema: Schema | None = _read(f"schemas/{name}.json")
    return schema


def published_document() -> dict[str, Any] | None:
    """Give the AsyncAPI document as it was published."""
    found: dict[str, Any] | None = _read(ASYNCAPI)
    return found


def published_names() -> list[str]:
    """Name the schemas that were published."""
    folder = files(__package__) / "schemas"
    return sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json"))


def broken_contract() -> list[str]:
    """Say in sentences where this release does not keep the contract, and what to do instead."""
    names = published_names()
    before = {name: schema for name in names if (schema := published_schema(name)) is not None}
    return broken_schemas(before, schemas()) + broken_topics(published_document() or {}, document())


def write(folder: Path) -> list[str]:
    """Write the contract as the models have it into a folder, and name the files."""
    made = {f"schemas/{name}.json": schema for name, schema in schemas().items()} | {ASYNCAPI: document()}
    for name, content in made.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return list(made)


def _read(name: str) -> Any:
    file = files(__package__) / name
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
