"""Which app the command line means."""

from adapters.apps import Apps
from adapters.cli.words import WrongUsage
from adapters.given import DEFAULT_APP


def app_of(apps: Apps, given: int | None, *, known_only: bool) -> int:
    """Give the app that is named, else the only one of CONVGROUPS_APPS_FILE, or without a file the default one.

    Raises `WrongUsage` where it has to be named, and for one that is not in the file where only those are served.
    """
    known = [app.sdk_app_id for app in apps]
    named = ", ".join(map(str, known))
    if given is None and len(known) > 1:
        raise WrongUsage(f"give --app-id, one of {named}: CONVGROUPS_APPS_FILE has several apps")
    if given is None:
        return known[0] if known else DEFAULT_APP
    if known_only and given not in known:
        raise WrongUsage(f"--app-id: CONVGROUPS_APPS_FILE has {named}, and not {given}")
    return given
