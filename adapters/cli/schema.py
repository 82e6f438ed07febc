"""`convgroups schema`: the contract with consumers, printed, written to a folder, or checked."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli import show
from adapters.cli.words import WrongUsage


def schema(
    name: Annotated[str | None, typer.Argument(help="Which; `asyncapi` is the document of all topics.")] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write all of it into this folder.", metavar="FOLDER")
    ] = None,
    value: Annotated[
        Path | None,
        typer.Option(
            "--value", help="Check a value against NAME: a file, or - for the standard input.", metavar="FILE"
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check that what this release publishes keeps the contract.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Print the JSON Schemas of what is published to Kafka, or check against them."""
    if sum((check, write is not None, value is not None)) > 1 or (name and (check or write)) or (value and not name):
        raise WrongUsage("give a NAME, NAME with --value FILE, --write FOLDER, or --check")
    if check:
        _check(json=json)
    elif write is not None:
        from adapters.kafka.contract.published import write as write_all

        files = write_all(write)
        show.as_json({"folder": str(write), "files": files}) if json else show.table(("file",), [(f,) for f in files])
    elif name is None:
        _list(json=json)
    elif value is not None:
        _check_value(name, value, json=json)
    else:
        show.as_json(_of(name))


def _list(*, json: bool) -> None:
    from adapters.kafka.contract.schemas import schemas

    made = schemas()
    if json:
        show.as_json({"schemas": list(made)})
    else:
        show.table(("name", "what it is"), [(name, one["description"].split("\n")[0]) for name, one in made.items()])


def _of(name: str) -> object:
    from adapters.kafka.contract.asyncapi import document
    from adapters.kafka.contract.schemas import schemas

    return document() if name == "asyncapi" else schemas()[_whole(name)]


def _whole(name: str) -> str:
    """Give the name of a schema, of which its middle is enough."""
    from adapters.kafka.contract.schemas import MODELS

    for whole in (name, f"{name}.v1", f"conversation-groups.{name}", f"conversation-groups.{name}.v1"):
        if whole in MODELS:
            return whole
    raise WrongUsage(f"there is no schema {name}; `convgroups schema` lists them")


def _check_value(name: str, file: Path, *, json: bool) -> None:
    from pydantic import ValidationError

    from adapters.kafka.contract.schemas import MODELS

    whole = _whole(name)
    try:
        MODELS[whole].model_validate_json(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc'])) or 'the value'}: {one['msg']}" for one in error.errors()]
        _tell(wrong, f"It is no {whole}:", json=json)
    else:
        _tell([], f"It is a {whole}.", json=json)


def _check(*, json: bool) -> None:
    from adapters.kafka.contract.published import broken_contract

    wrong = broken_contract()
    _tell(wrong, "The contract is broken:" if wrong else "What this release publishes keeps the contract.", json=json)


def _tell(wrong: list[str], head: str, *, json: bool) -> None:
    if json:
        show.as_json({"ok": not wrong, "wrong": wrong})
    else:
        (show.err if wrong else show.out).print(head, *wrong, sep="\n- ", markup=False, highlight=False)
    if wrong:
        raise typer.Exit(1)
