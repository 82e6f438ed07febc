"""`convgroups`: exit code 0 done, 1 refused, 2 wrong usage, 3 a service is not reachable."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

import os
import sys
from functools import partial
from importlib.metadata import version
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli import operate, show
from adapters.cli.callers import Notes
from adapters.cli.words import FORMS, Options, WrongUsage, command_of, key_of, note_of
from adapters.given import DEFAULT_APP
from domain.values import MAX_ID, utf8_length

if TYPE_CHECKING:
    from adapters.cli.callers import Caller

app = typer.Typer(
    name="convgroups",
    help="Named groups of chat conversations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
operate.add_to(app)

User = Annotated[str, typer.Argument(metavar="USER", help="Whose groups.")]
AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
URL = Annotated[str | None, typer.Option("--url", help="Ask the service there, not the database.", metavar="URL")]
UserSig = Annotated[
    str | None,
    typer.Option(
        "--usersig",
        envvar="CONVGROUPS_USERSIG",
        help="With --url: who asks, where the service wants to know. `convgroups token` makes one; in the variable it "
        "is in no list of processes.",
        metavar="USERSIG",
    ),
]
AppID = Annotated[
    int | None,
    typer.Option(
        "--app-id",
        help=f"The app whose user it is; by default the signature's, the only one of CONVGROUPS_APPS_FILE, "
        f"or {DEFAULT_APP}.",
        min=1,
        max=MAX_ID,
    ),
]


@app.command(epilog="Commands: " + "; ".join(form.usage for form in FORMS.values()))
def send(
    user: User,
    words: Annotated[list[str], typer.Argument(metavar="COMMAND ...", help="A command and what it is about.")],
    group_id: Annotated[int | None, typer.Option(help="Name the group by its ID.", metavar="N")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A conversation to take out.", metavar="ID")] = None,
    add: Annotated[list[str] | None, typer.Option(help="A conversation to put in.", metavar="ID")] = None,
    before: Annotated[int | None, typer.Option(help="The ID of the group to stand before.", metavar="ID")] = None,
    end: Annotated[bool, typer.Option("--end", help="Move to the end.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would happen, and do nothing.")] = False,
    key: Annotated[str | None, typer.Option(help="Sent again with this key, it is done once.")] = None,
    device: Annotated[str, typer.Option(help="Recorded as the device that it came from.")] = "convgroups",
    correlation_id: Annotated[str | None, typer.Option(help="Recorded with the events; a ticket, say.")] = None,
    expected_revision: Annotated[int | None, typer.Option(help="Refuse if it is not current.", metavar="N")] = None,
    url: URL = None,
    usersig: UserSig = None,
    app_id: AppID = None,
    json: AsJSON = False,
) -> None:
    """Carry out one command on a user's groups."""
    options = Options(group_id, remove or (), add or (), before, end, expected_revision)
    command = command_of(words, options)
    correlated = None if correlation_id is None else note_of("--correlation-id", correlation_id)
    notes = Notes(key_of(key), note_of("--device", device), correlated)
    answer = _caller(url, usersig, app_id).send(user, command, notes, dry_run=dry_run)
    show.as_json(answer) if json else show.show_outcome(answer, dry_run=dry_run)


@app.command()
def groups(
    user: User,
    group: Annotated[str | None, typer.Argument(metavar="[GROUP]", help="List what is in this group.")] = None,
    group_id: Annotated[
        int | None, typer.Option(help="Name the group by its ID.", min=1, max=MAX_ID, metavar="N")
    ] = None,
    url: URL = None,
    usersig: UserSig = None,
    app_id: AppID = None,
    json: AsJSON = False,
) -> None:
    """List a user's groups, or what is in one of them."""
    if group is not None and group_id is not None:
        raise WrongUsage("give GROUP or --group-id, not both")
    if group is not None and utf8_length(group) is None:
        raise WrongUsage("GROUP is not UTF-8")
    named = group if group_id is None else group_id
    caller = _caller(url, usersig, app_id)
    answer = caller.groups(user) if named is None else caller.conversations(user, named)
    if json:
        show.as_json(answer)
    elif named is None:
        show.show_groups(answer)
    else:
        show.show_conversations(answer)


@app.command()
def history(
    user: User,
    after: Annotated[int, typer.Option(help="Begin after this revision.", min=0, max=MAX_ID, metavar="N")] = 0,
    limit: Annotated[int, typer.Option(help="Tell at most so many events.", min=1, max=1000, metavar="N")] = 100,
    url: URL = None,
    usersig: UserSig = None,
    app_id: AppID = None,
    json: AsJSON = False,
) -> None:
    """Tell who changed a user's groups, when, and how."""
    answer = _caller(url, usersig, app_id).history(user, after, limit)
    show.as_json(answer) if json else show.show_history(answer)


@app.command()
def watch(
    user: User,
    after: Annotated[
        str | None, typer.Option(help="Go on behind this cursor of an answer or a frame.", metavar="CURSOR")
    ] = None,
    url: URL = None,
    usersig: UserSig = None,
    app_id: AppID = None,
    json: AsJSON = False,
) -> None:
    """Tell what happens to a user's groups, as it happens, until Ctrl-C: first how they are now."""
    from adapters.cli.show_feed import lines_of
    from adapters.cli.watch import over_interruptions

    if after is not None and not (after.isascii() and after.isprintable()):
        raise WrongUsage("--after: this is no cursor; give that of `groups --json`, or the id of a frame")
    caller = _caller(url, usersig, app_id)
    try:
        for told in over_interruptions(partial(caller.listen, user), after, show.say):
            show.as_json(told.as_json()) if json else typer.echo("\n".join(lines_of(told)))
    except KeyboardInterrupt:
        pass  # there is no other end to it
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; nothing is left to be flushed


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("conversation-groups"))
        raise typer.Exit


@app.callback()
def _program(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Named groups of chat conversations."""


def run() -> None:
    """Run the command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show is no reason to fail
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said in a sentence
        from adapters.cli.failures import report

        sys.exit(report(error, as_json="--json" in sys.argv))


def _caller(url: str | None, usersig: str | None, app_id: int | None) -> "Caller":
    if url is not None:
        from adapters.cli.remote import Remote

        return Remote.at(url, usersig, app_id)
    from adapters.cli.apps import app_of
    from adapters.cli.direct import Direct
    from adapters.settings import read_settings

    settings = read_settings()
    return Direct(settings, app_of(settings.apps_file, app_id, known_only=settings.auth == "usersig"))
