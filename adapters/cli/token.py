"""`convgroups token`: a signature of a user, to try the service with."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` answers at once

from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli import show
from adapters.cli.words import WrongUsage
from domain.values import MAX_ID, is_user_id

if TYPE_CHECKING:
    from adapters.apps import App, Apps

DAY = 24 * 60 * 60
LONGEST_DAYS = 36_500


def token(
    user: Annotated[str, typer.Argument(metavar="USER", help="Who signs in with it.")],
    app_id: Annotated[
        int | None,
        typer.Option(help="The app; by default the only one of the file.", min=1, max=MAX_ID, metavar="N"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="For how long it holds; by default 1.", min=1, max=LONGEST_DAYS, metavar="N")
    ] = None,
    expire: Annotated[
        int | None,
        typer.Option(help="The same in seconds.", min=1, max=LONGEST_DAYS * DAY, metavar="SECONDS"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Make a UserSig for trying, with the app's first key in CONVGROUPS_APPS_FILE."""
    from adapters.settings import read_settings
    from adapters.usersig import read, sign

    if days is not None and expire is not None:
        raise WrongUsage("give --days or --expire, not both")
    if not is_user_id(user):
        raise WrongUsage("USER has 1 to 64 bytes of UTF-8, without control characters and without '/'")
    app = _app(read_settings().apps_file, app_id)
    usersig = sign(app.sdk_app_id, app.keys[0], user, expire=(days or 1) * DAY if expire is None else expire)
    if json:
        claims = read(usersig)
        told = {"sdkAppID": app.sdk_app_id, "userID": user, "userSig": usersig}
        show.as_json({**told, "expiresAt": claims.until})
    else:
        typer.echo(usersig)


def _app(apps: "Apps", app_id: int | None) -> "App":
    from adapters.cli.apps import app_of
    from adapters.settings import SettingRefused

    known = {app.sdk_app_id: app for app in apps}
    if not known:
        raise SettingRefused("Set CONVGROUPS_APPS_FILE: a UserSig is made with a key of that file.")
    wanted = app_of(apps, app_id, known_only=True)
    if not known[wanted].keys:
        raise SettingRefused(f"CONVGROUPS_APPS_FILE: the app {wanted} has no secretKeys; write one to sign with.")
    return known[wanted]
