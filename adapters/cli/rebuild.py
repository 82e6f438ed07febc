"""`convgroups rebuild`: a view is made anew from the log, here or by the service that keeps it."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

from collections.abc import Callable, Iterator
from time import sleep
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adapters.cli import show

if TYPE_CHECKING:
    from rich.progress import TaskID

    from adapters.settings import Settings
    from adapters.stores import Store

LOOK_AGAIN = 0.2
"""Seconds between two looks at how far the service has come."""


def rebuild(
    view: Annotated[
        Literal["group-lists", "history", "snapshots", "all", "groups-topic"],
        typer.Argument(metavar="VIEW", help="Which, or all of the first three."),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Build a view (group-lists, history, snapshots), all of them, or the groups topic in Kafka anew from the log."""
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
    settings = read_settings()
    with open_store_to_operate(settings) as store, store.leases or nullcontext():
        head = store.log.head()
        with Progress(*columns, console=show.err, disable=json) as progress:
            for name in store.views if view == "all" else [view]:
                task = progress.add_task(name, total=head, rate="")

                def show_progress(position: int, last: int, task: "TaskID" = task) -> None:
                    progress.update(task, completed=min(position, last), total=last)
                    speed = progress.tasks[task].speed
                    progress.update(task, rate=f"{speed:,.0f} events/s" if speed else "")

                if name == "groups-topic":
                    done[name] = _build_topic(store, settings, show_progress)
                else:
                    done[name] = 0
                    for position in _build(store, name, head):
                        done[name] = position
                        show_progress(position, head)
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


def _build_topic(store: "Store", settings: "Settings", show_progress: Callable[[int, int], None]) -> int:
    """Build the groups topic, and tell up to which position."""
    from adapters.kafka.building import delete_groups
    from adapters.kafka.probe import probe
    from adapters.main import kafka_settings, relay_to_kafka
    from adapters.settings import SettingRefused
    from adapters.telemetry import configure_logging
    from domain.ports import Unavailable

    kafka, relay = kafka_settings(settings), relay_to_kafka(settings, store)
    if kafka is None or relay is None:
        raise SettingRefused("Set CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS: the groups topic is in Kafka.")
    configure_logging(settings.log_format)
    delete_groups(kafka)
    try:
        return relay.build_groups(show_progress)
    except Unavailable:  # a service that relays took over: it makes the topic first, and then goes on
        while not (probed := probe(kafka)).has_groups:
            sleep(LOOK_AGAIN)
        return int(probed.position.reached.position) if probed.position else 0
