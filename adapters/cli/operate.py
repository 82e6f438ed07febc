"""The commands of whoever runs the service."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

import signal
import sys
from typing import Annotated, Literal

import typer
from rich.markup import escape

from adapters.cli import show

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]

TRY = """
  Make a group:   curl -s {url}/v1/users/alice/commands -H 'Content-Type: application/json' \\
                    -d '{{"command": "CreateGroup", "groupName": "Suppliers", "conversationIDs": ["C2Cbob"]}}'
  List groups:    curl -s {url}/v1/users/alice/groups
  Read the API:   {url}/docs
  Look it over:   {program} doctor
"""


def serve_command(
    host: Annotated[
        str, typer.Option(help="The address to serve; a loopback one while CONVGROUPS_AUTH=off.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to serve; 0 for a free one.", min=0, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(help="Processes; more than 1 comes with PostgreSQL.")] = 1,
    only: Annotated[str | None, typer.Option(help="Part of the service; comes with PostgreSQL.")] = None,
) -> None:
    """Serve HTTP, keep the views, and relay to Kafka where it is configured."""
    from adapters.settings import SettingRefused, read_settings, unknown_settings

    settings = read_settings()
    for name, given in (("--workers", workers != 1), ("--only", only is not None)):
        if given:
            raise SettingRefused(f"{name} comes with PostgreSQL, in the next release: leave it out.")

    from adapters.cli.failures import address_refused
    from adapters.main import serve
    from adapters.telemetry import configure_logging

    configure_logging(settings.log_format)
    for name, meant in unknown_settings().items():
        perhaps = f"; did you mean {meant}?" if meant else ", see `convgroups doctor`."
        show.err.print(f"[yellow]warning[/yellow]: {escape(name)} is no setting of this release{perhaps}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        serve(settings, host, port, on_listening=_say_what_to_try if settings.log_format == "console" else None)
    except KeyboardInterrupt:
        sys.exit(0)
    except OSError as error:
        raise address_refused(error, host, port) from error


def _say_what_to_try(url: str) -> None:
    typer.echo(TRY.format(url=url, program=sys.argv[0]))


def rebuild(
    view: Annotated[Literal["group-lists", "history", "all"], typer.Argument(metavar="VIEW", help="Which, or all.")],
    json: AsJSON = False,
) -> None:
    """Build a view (group-lists or history), or all, anew from the log."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    from adapters.settings import read_settings
    from adapters.stores import open_store_to_write
    from projections.follower import Follower

    done: dict[str, int] = {}
    with open_store_to_write(read_settings()) as store:
        chosen = store.views if view == "all" else {view: store.views[view]}
        head = store.log.head()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(show_speed=True),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=show.err, disable=json) as progress:
            for name, table in chosen.items():
                task = progress.add_task(name, total=head, rate="")
                table.clear()
                follower = Follower(name, store.log, table)
                while count := follower.step():
                    progress.advance(task, count)
                    speed = progress.tasks[task].speed
                    progress.update(task, rate=f"{speed:,.0f} events/s" if speed else "")
                done[name] = follower.position or 0
    answer = {"views": [{"view": name, "position": f"{position:020}"} for name, position in done.items()]}
    show.as_json(answer) if json else show.table(("view", "events"), done.items())


def migrate(json: AsJSON = False) -> None:
    """Bring the database up to date."""
    from adapters.settings import read_settings
    from adapters.stores import migrate_to_write

    settings = read_settings()
    with migrate_to_write(settings) as steps:
        pass
    if json:
        show.as_json({"database": settings.named_database, "applied": steps})
    else:
        done = f"applied {', '.join(steps)}" if steps else "is up to date"
        show.out.print(f"{settings.named_database}: {done}", markup=False)


def new_log_id(json: AsJSON = False) -> None:
    """Give the log a new ID: after a backup was restored, so that no one goes on from a position that is gone."""
    from adapters.settings import read_settings
    from adapters.stores import open_store_to_write

    with open_store_to_write(read_settings()) as store:
        log_id = store.log.renew_log_id()
    if json:
        show.as_json({"logID": str(log_id)})
        return
    show.out.print(f"The log is now {log_id}. Earlier cursors and entity tags are no longer valid.")
    show.out.print("Where Kafka is configured, say where the relay goes on: convgroups relay-from POSITION")


def relay_from(
    position: Annotated[int, typer.Argument(min=0, help="The last position that Kafka has; 0 for none.")],
    json: AsJSON = False,
) -> None:
    """Tell the relay after which position of the log it goes on."""
    from adapters.main import relay_to_kafka
    from adapters.settings import SettingRefused, read_settings
    from adapters.stores import open_store_to_write

    settings = read_settings()
    with open_store_to_write(settings) as store:
        relay = relay_to_kafka(settings, store)
        if relay is None:
            raise SettingRefused("Set CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS: the position is kept in Kafka.")
        try:
            relay.relay_from(position)
        finally:
            relay.close()
        answer = {"position": f"{position:020}", "logID": str(store.log.log_id())}
    show.as_json(answer) if json else show.out.print(f"The relay goes on after {answer['position']}.")


def doctor(json: AsJSON = False) -> None:
    """Tell what is configured, what is reachable, what is behind, and what to do about it."""
    from adapters.cli.doctor import examine

    findings = examine()
    if json:
        show.as_json({"findings": [finding._asdict() for finding in findings]})
    else:
        marks = {"ok": "✓", "note": "·", "bad": "✗"}
        show.table(("", "what", "found", "what to do"), [(marks[f.state], f.what, f.found, f.advice) for f in findings])
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(3)


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("serve")(serve_command)
    app.command()(rebuild)
    app.command()(migrate)
    app.command("new-log-id")(new_log_id)
    app.command("relay-from")(relay_from)
    app.command()(doctor)
