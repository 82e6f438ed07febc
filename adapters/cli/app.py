"""`convgroups`: exit code 0 done, 1 refused, 2 wrong usage, 3 a service is not reachable."""

import sys
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from adapters.cli import operate, show
from adapters.cli.callers import Caller, Direct, Refused, Remote
from adapters.cli.words import FORMS, Options, WrongUsage, command_of
from adapters.http.identity import DEFAULT_APP
from adapters.kafka.refused import RelayRefused
from adapters.settings import SettingRefused, read_settings
from adapters.store.lease import HeldElsewhere
from adapters.store.mapper import UnreadableEvent
from adapters.store.migrate import NotMigrated
from domain.ports import Unavailable

REFUSED, WRONG_USAGE, NOT_REACHABLE = 1, 2, 3

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
AppID = Annotated[int, typer.Option("--app-id", help="The app whose user it is.", min=1)]


@app.command(epilog="Commands: " + "; ".join(form.usage for form in FORMS.values()))
def send(
    user: User,
    words: Annotated[list[str], typer.Argument(metavar="COMMAND ...", help="A command and what it is about.")],
    group_id: Annotated[int | None, typer.Option(help="Name the group by its ID.", metavar="N")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A conversation to take out.", metavar="ID")] = None,
    add: Annotated[list[str] | None, typer.Option(help="A conversation to put in.", metavar="ID")] = None,
    before: Annotated[int | None, typer.Option(help="The group to stand before.", metavar="N")] = None,
    end: Annotated[bool, typer.Option("--end", help="Move to the end.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would happen, and do nothing.")] = False,
    key: Annotated[str | None, typer.Option(help="Sent again with this key, it is done once.")] = None,
    expected_revision: Annotated[int | None, typer.Option(help="Refuse if it is not current.", metavar="N")] = None,
    url: URL = None,
    app_id: AppID = DEFAULT_APP,
    json: AsJSON = False,
) -> None:
    """Carry out one command on a user's groups."""
    options = Options(group_id, remove or (), add or (), before, end, expected_revision)
    answer = _caller(url, app_id).send(user, command_of(words, options), key, dry_run=dry_run)
    show.as_json(answer) if json else show.show_outcome(answer)


@app.command()
def groups(user: User, url: URL = None, app_id: AppID = DEFAULT_APP, json: AsJSON = False) -> None:
    """List a user's groups."""
    answer = _caller(url, app_id).groups(user)
    show.as_json(answer) if json else show.show_groups(answer)


@app.command()
def history(
    user: User,
    after: Annotated[int, typer.Option(help="Begin after this revision.", min=0, metavar="N")] = 0,
    limit: Annotated[int, typer.Option(help="Tell at most so many events.", min=1, max=1000, metavar="N")] = 100,
    url: URL = None,
    app_id: AppID = DEFAULT_APP,
    json: AsJSON = False,
) -> None:
    """Tell who changed a user's groups, when, and how."""
    answer = _caller(url, app_id).history(user, after, limit)
    show.as_json(answer) if json else show.show_history(answer)


def run() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        app()
    except Refused as refused:
        if "--json" in sys.argv:
            show.err.print_json(data=refused.problem)
        else:
            show.show_problem(refused.problem)
        sys.exit(REFUSED)
    except RelayRefused as refused_by_relay:
        _fail(refused_by_relay, REFUSED)
    except (WrongUsage, SettingRefused) as wrong:
        _fail(wrong, WRONG_USAGE)
    except (HeldElsewhere, NotMigrated, Unavailable, UnreadableEvent, OSError) as error:
        _fail(error, NOT_REACHABLE)


def _fail(error: Exception, code: int) -> NoReturn:
    show.err.print(f"[red]error[/red]: {escape(str(error))}")
    sys.exit(code)


def _caller(url: str | None, app_id: int) -> Caller:
    if url is None:
        return Direct(read_settings(), app_id)
    import httpx  # noqa: PLC0415 - takes a while, and is needed here alone

    return Remote(httpx.Client(base_url=url, headers={"App-ID": str(app_id)}, timeout=30))
