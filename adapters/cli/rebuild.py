"""`convgroups rebuild`: a view is made anew from the log, here or by the service that keeps it."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

from collections.abc import Iterator
from time import sleep
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adapters.cli import show

if TYPE_CHECKING:
    from adapters.stores import Store

LOOK_AGAIN = 0.2
"""Seconds between two looks at how far the service has come."""


def rebuild(
    view: Annotated[
        Literal["group-lists", "history", "snapshots", "all"], typer.Argument(metavar="VIEW", help="Which, or all.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Build a view (group-lists, history or snapshots), or all, anew from the log."""
    from contextlib import nullcontext

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    from adapters.interpreter import suit_the_interpreter
    from adapters.settings import read_settings
    from adapters.stores import open_store_to_operate

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    done: dict[str, int] = {}
    suit_the_interpreter()
    with open_store_to_operate(read_settings()) as store, store.leases or nullcontext():
        head = store.log.head()
        with Progress(*columns, console=show.err, disable=json) as progress:
            for name in store.views if view == "all" else [view]:
                task = progress.add_task(name, total=head, rate="")
                done[name] = 0
                for position in _build(store, name, head):
                    done[name] = position
                    progress.update(task, completed=min(position, head))
                    speed = progress.tasks[task].speed
                    progress.update(task, rate=f"{speed:,.0f} events/s" if speed else "")
    answer = {"views": [{"view": name, "position": f"{position:020}"} for name, position in done.items()]}
    show.as_json(answer) if json else show.table(("view", "events"), done.items())


def _build(store: "Store", name: str, head: int) -> Iterator[int]:
    """Build one view and tell how far it is; where a service takes it up at once, look at how far that is."""
    from projections.follower import Follower

    view = store.views[name]
    right = store.leases.lease(name) if store.leases else None
    view.clear()
    while right is not None and right.hold() is None:
        position = view.checkpoint()
        yield position
        if position >= head:
            return
        sleep(LOOK_AGAIN)
    follower = Follower(name, store.log, view)
    while follower.step():
        yield follower.position or 0
    if right is not None:
        right.release()
