"""`convgroups replay`: history is published again, to a topic of its own."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

from datetime import UTC, datetime
from typing import Annotated

import typer

from adapters.cli import show
from adapters.cli.words import WrongUsage
from domain.values import MAX_ID


def replay(
    to_topic: Annotated[str, typer.Option("--to-topic", help="A topic of its own; made where it is missing.")],
    from_position: Annotated[
        int, typer.Option("--from-position", help="The first position to publish.", min=1, metavar="POSITION")
    ] = 1,
    from_time: Annotated[
        str | None,
        typer.Option("--from-time", help="Events since then, as 2026-11-22T10:00:00Z; without a zone it is UTC."),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="This user's events alone.")] = None,
    app_id: Annotated[int | None, typer.Option("--app-id", help="The app whose user it is.", min=1, max=MAX_ID)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Publish history again, in order, to a topic of its own; interrupted, and said again, it goes on."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from adapters.cli.apps import app_of
    from adapters.kafka.replay import Replay, Selection
    from adapters.main import kafka_settings
    from adapters.settings import SettingRefused, read_settings
    from adapters.stores import open_store
    from adapters.telemetry import configure_logging

    settings = read_settings()
    kafka = kafka_settings(settings)
    if kafka is None:
        raise SettingRefused("Set CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS: the topic is in Kafka.")
    app = None if user is None else app_of(settings.apps_file, app_id, known_only=False)
    selection = Selection(from_position, _moment(from_time), app, user)
    configure_logging(settings.log_format)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with open_store(settings) as store, Progress(*columns, console=show.err, disable=json) as progress:
        task = progress.add_task(to_topic, total=store.log.head(), rate="")

        def show_progress(position: int, last: int) -> None:
            progress.update(task, completed=position, total=last)
            speed = progress.tasks[task].speed
            progress.update(task, rate=f"{speed:,.0f} events/s" if speed else "")

        done = Replay(kafka, store.log, to_topic, selection).run(show_progress)
    answer = {"topic": to_topic, "events": done.events, "position": f"{done.position:020}"}
    show.as_json(answer) if json else show.table(tuple(answer), [tuple(map(str, answer.values()))])


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f"--from-time {text}: write it as 2026-11-22T10:00:00Z") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
