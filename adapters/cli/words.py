"""Commands from the words of the command line."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError

from adapters.given import read_key
from domain.values import has_control_characters, utf8_length

if TYPE_CHECKING:
    from domain.commands import Command


class WrongUsage(Exception):  # noqa: N818 - an answer to whoever typed it
    """The words are no command; the message says what is missing."""


class Options(NamedTuple):
    """What is given by name, not by place."""

    group_id: int | None = None
    remove: Sequence[str] = ()
    add: Sequence[str] = ()
    before: int | None = None
    end: bool = False
    expected_revision: int | None = None

    def of_one_command(self) -> list[str]:
        """Name what is given and belongs to one command only."""
        given = {
            "--remove": self.remove,
            "--add": self.add,
            "--before": self.before is not None,
            "--end": self.end,
        }
        return [name for name, there in given.items() if there]


class Form(NamedTuple):
    """How one command is written."""

    usage: str
    name: str
    by_id: bool
    """Whether the group may be named by its ID."""

    fields: Callable[[list[str], Options], dict[str, Any]]
    """What the words that follow the group say."""

    options: tuple[str, ...] = ()
    """Which of `--remove`, `--add`, `--before` and `--end` belong to it."""


def _none(words: list[str], _: Options) -> dict[str, Any]:
    if words:
        raise WrongUsage(f"{' '.join(words)}: not expected here")
    return {}


def _new_name(words: list[str], _: Options) -> dict[str, Any]:
    if len(words) != 1:
        raise WrongUsage("give one new name")
    return {"newName": words[0]}


def _ids(words: list[str], _: Options) -> dict[str, Any]:
    return {"conversationIDs": words}


def _update(words: list[str], options: Options) -> dict[str, Any]:
    return {**_none(words, options), "remove": list(options.remove), "add": list(options.add)}


def _place(words: list[str], options: Options) -> dict[str, Any]:
    if (options.before is None) != options.end:
        raise WrongUsage("give --before N or --end")
    return {**_none(words, options), "before": options.before}


FORMS: Final = {
    "create-group": Form("create-group GROUP [ID ...]", "CreateGroup", by_id=False, fields=_ids),
    "delete-group": Form("delete-group GROUP", "DeleteGroup", by_id=True, fields=_none),
    "rename-group": Form("rename-group GROUP NEW-NAME", "RenameGroup", by_id=True, fields=_new_name),
    "add-conversations": Form("add-conversations GROUP ID ...", "AddConversations", by_id=True, fields=_ids),
    "remove-conversations": Form("remove-conversations GROUP ID ...", "RemoveConversations", by_id=True, fields=_ids),
    "update-conversations": Form(
        "update-conversations GROUP [--remove ID]... [--add ID]...",
        "UpdateConversations",
        by_id=True,
        fields=_update,
        options=("--remove", "--add"),
    ),
    "reorder-group": Form(
        "reorder-group GROUP --before N | --end",
        "ReorderGroup",
        by_id=True,
        fields=_place,
        options=("--before", "--end"),
    ),
}


def command_of(words: Sequence[str], options: Options) -> "Command":
    """Read a command; raises `WrongUsage`."""
    form = FORMS.get(words[0])
    if form is None:
        raise WrongUsage(f"{words[0]} is no command; one of: {', '.join(FORMS)}")
    try:
        return _parsed(_body(form, list(words[1:]), options))
    except WrongUsage as wrong:
        raise WrongUsage(f"{wrong}. Usage: convgroups send USER {form.usage}") from None


def key_of(given: str | None) -> str | None:
    """Read the idempotency key; raises `WrongUsage`."""
    key = None if given is None else read_key(given)
    if key is None and given is not None:
        raise WrongUsage("--key is 1 to 255 visible ASCII characters")
    return key


def note_of(option: str, given: str) -> str:
    """Read text that is recorded with the events; raises `WrongUsage`."""
    text = utf8_length(given) is not None and not has_control_characters(given)
    if not text or not 1 <= len(given) <= 128 or given != given.strip(" "):
        raise WrongUsage(f"{option} is 1 to 128 characters, none of control, and no blank at either end")
    return given


def _body(form: Form, words: list[str], options: Options) -> dict[str, Any]:
    for name in options.of_one_command():
        if name not in form.options:
            raise WrongUsage(f"{name}: not expected here")
    given = {} if options.expected_revision is None else {"expectedRevision": options.expected_revision}
    if options.group_id is not None and form.by_id:
        return {"command": form.name, "groupID": options.group_id, **given, **form.fields(words, options)}
    if options.group_id is not None:
        raise WrongUsage("--group-id names a group that exists")
    if not words:
        raise WrongUsage("name the group, or give --group-id N")
    return {"command": form.name, "groupName": words[0], **given, **form.fields(words[1:], options)}


def _parsed(body: dict[str, Any]) -> "Command":
    from domain.commands import parse_command  # noqa: PLC0415 - takes a while, and `--help` needs only the forms

    try:
        return parse_command.validate_json(json.dumps(body))
    except ValidationError as error:
        raise WrongUsage("; ".join(map(_message, error.errors()))) from None


def _message(error: Any) -> str:
    """Name the field, which follows the command in pydantic's path, and what is wrong with it."""
    words: str = error["msg"].removeprefix("Value error, ")
    return ": ".join([*map(str, error["loc"][1:]), words])
