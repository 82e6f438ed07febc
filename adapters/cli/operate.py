"""The commands of whoever runs the service."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from adapters.cli import show
from adapters.cli.rebuild import rebuild
from adapters.cli.replay import replay
from adapters.cli.schema import schema
from adapters.cli.token import token
from adapters.cli.words import WrongUsage

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]

TRY = """
  Make a group:   curl -s {url}/v1/users/alice/commands{signed} -H 'Content-Type: application/json' \\
                    -d '{{"command": "CreateGroup", "groupName": "Suppliers", "conversationIDs": ["C2Cbob"]}}'
  List groups:    curl -s {url}/v1/users/alice/groups{signed}
  Read the API:   {url}/docs
  Look it over:   {program} doctor
"""


def serve_command(
    host: Annotated[
        str, typer.Option(help="The address to serve; a loopback one while CONVGROUPS_AUTH=off.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to serve; 0 for a free one.", min=0, max=65535)] = 8080,
    workers: Annotated[
        int, typer.Option(help="Processes that answer; more than 1 needs PostgreSQL.", min=1, max=64)
    ] = 1,
    only: Annotated[
        str | None, typer.Option(help="Only these of api,views,relay; needs PostgreSQL.", metavar="PARTS")
    ] = None,
) -> None:
    """Serve HTTP, keep the views, and relay to Kafka where it is configured."""
    from adapters.cli.failures import address_refused
    from adapters.main import PARTS
    from adapters.serve import serve
    from adapters.settings import read_settings, unknown_settings
    from adapters.telemetry import configure_logging

    settings = read_settings()
    parts = PARTS if only is None else tuple(part for part in PARTS if part in only.split(","))
    if only is not None and len(parts) != len(only.split(",")):
        raise WrongUsage(f"--only names some of {', '.join(PARTS)}, with commas between them")
    configure_logging(settings.log_format)
    for name, meant in unknown_settings().items():
        perhaps = f"; did you mean {meant}?" if meant else ", see `convgroups doctor`."
        show.err.print(f"[yellow]warning[/yellow]: {escape(name)} is no setting of this release{perhaps}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        first = next((app.sdk_app_id for app in settings.apps_file), None) if settings.auth == "usersig" else None
        try_it = partial(_say_what_to_try, app=first)
        on_listening = try_it if settings.log_format == "console" and "api" in parts else None
        serve(settings, host, port, parts=parts, workers=workers, on_listening=on_listening)
    except KeyboardInterrupt:
        sys.exit(0)
    except OSError as error:
        raise address_refused(error, host, port) from error


def _say_what_to_try(url: str, *, app: int | None) -> None:
    file = Path(os.environ.get("CONVGROUPS_APPS_FILE", "")).absolute()
    token = f"CONVGROUPS_APPS_FILE={file} {sys.argv[0]} token alice --app-id {app}"
    header = "" if app is None else f""" -H "Authorization: UserSig usersig=\\"$({token})\\"\""""
    typer.echo(TRY.format(url=url, program=sys.argv[0], signed=header))


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
    from adapters.stores import open_store_to_operate

    with open_store_to_operate(read_settings()) as store:
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
    from adapters.stores import open_store_to_operate
    from adapters.telemetry import configure_logging

    settings = read_settings()
    with open_store_to_operate(settings) as store:
        relay = relay_to_kafka(settings, store)
        if relay is None:
            raise SettingRefused("Set CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS: the position is kept in Kafka.")
        configure_logging(settings.log_format)
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
    app.command()(token)
    app.command()(schema)
    app.command()(replay)
