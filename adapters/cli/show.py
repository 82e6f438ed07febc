"""Answers as a person reads them."""

import json
import sys
from collections.abc import Iterable
from typing import Any, Final, TextIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text


def _width(stream: TextIO | None) -> int | None:
    """Give None for a terminal, which knows its own; a pipe has none, and nothing is wrapped for it."""
    return None if stream is not None and stream.isatty() else 1000


out = Console(highlight=False, width=_width(sys.stdout))
err = Console(highlight=False, width=_width(sys.stderr), stderr=True)

_SENTENCES: Final = {
    "group-created": "created {groupName!r}",
    "group-renamed": "renamed {oldName!r} to {groupName!r}",
    "group-deleted": "deleted {groupName!r} with {conversationIDs}",
    "conversations-added": "added {conversationIDs} to {groupName!r}",
    "conversations-removed": "{reason} {conversationIDs} from {groupName!r}",
    "groups-reordered": "moved {groupName!r}: the order is {order}",
}


def as_json(answer: Any) -> None:
    """Print for a machine."""
    typer.echo(json.dumps(answer, ensure_ascii=False))


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print rows under columns."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    out.print(drawn)


def show_outcome(answer: dict[str, Any], *, dry_run: bool) -> None:
    """Print what a command did, or would do."""
    group = f"group {answer['groupID']} {answer['groupName']!r}" if "groupID" in answer else "no group"
    verb = "would record" if dry_run else "recorded"
    recorded = [event["type"].removeprefix("conversation-groups.") for event in answer["events"]]
    out.print(Text(f"{group}, revision {answer['revision']}; {verb}: {', '.join(recorded) or 'nothing'}"))
    if answer["items"]:
        why = {failure["conversationID"]: failure["message"] for failure in answer["failureConversationIDList"]}
        rows = [
            (item["conversationID"], item["outcome"], item.get("code", ""), why.get(item["conversationID"], ""))
            for item in answer["items"]
        ]
        table(("conversation", "outcome", "code", "why"), rows)
    if answer["evicted"]:
        out.print(Text(f"evicted to make room: {', '.join(answer['evicted'])}"))


def show_groups(answer: dict[str, Any]) -> None:
    """Print a user's groups."""
    out.print(f"revision {answer['revision']}, {count(len(answer['groups']), 'group')}")
    rows = [
        (g["groupID"], g["groupName"], g["conversationCount"], _when(g["createdAt"]), _when(g["updatedAt"]))
        for g in answer["groups"]
    ]
    if rows:
        table(("ID", "name", "conversations", "created", "updated"), rows)


def show_conversations(answer: dict[str, Any]) -> None:
    """Print what is in a group, and in which groups that is."""
    rows = [
        (c["conversationID"], _when(c["addedAt"]), ", ".join(c["conversationGroupList"]))
        for c in answer["conversations"]
    ]
    out.print(f"revision {answer['revision']}, {count(len(rows), 'conversation')}")
    if rows:
        table(("conversation", "added", "groups"), rows)


def show_history(answer: dict[str, Any]) -> None:
    """Print who changed what, and when."""
    rows = [
        (e["revision"], _when(e["recordedAt"]), e["actor"], e["device"] or "", sentence(e)) for e in answer["events"]
    ]
    table(("revision", "when", "who", "device", "what"), rows)
    if answer["next"] is not None:
        out.print(f"more: --after {answer['next']}")


def say(words: str) -> None:
    """Say on the standard error what is going on."""
    err.print(Text(words))


def sentence(event: dict[str, Any]) -> str:
    """Say an event in words."""
    kind = event["type"].removeprefix("conversation-groups.").removesuffix(".v1")
    ids = event.get("conversationIDs")
    named = event if ids is None else {**event, "conversationIDs": ", ".join(ids) or "no conversations"}
    words: str = _SENTENCES.get(kind, kind).format(**named)
    return words


def _when(instant: str) -> str:
    """Shorten an instant to seconds, in UTC."""
    return f"{instant[:10]} {instant[11:19]}Z"


def show_problem(problem: dict[str, Any]) -> None:
    """Say on the standard error why something was refused."""
    code = f" ({problem['code']})" if "code" in problem else ""
    err.print(f"[red]refused{code}[/red]: {escape(problem['detail'])}")


def count(number: int, thing: str) -> str:
    """Say how many there are."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
