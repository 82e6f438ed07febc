"""What `convgroups doctor` finds. It looks only, also while a service runs."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import httpx

from adapters.apps import FLAGSHIP, App
from adapters.cli.failures import sentence
from adapters.kafka.probe import probe
from adapters.kafka.records import Reached
from adapters.kafka.refused import RelayRefused
from adapters.main import kafka_settings
from adapters.settings import PREFIX, SettingRefused, Settings, read_settings, unknown_settings
from adapters.store.lock import HeldElsewhere, announced, sole_writer
from adapters.store.migrate import NotMigrated
from adapters.stores import Store, open_store
from domain.limits import Limits
from domain.ports import Unavailable

SHORT_KEY = 32


class Finding(NamedTuple):
    """One thing looked at."""

    state: Literal["ok", "note", "bad"]
    what: str
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at the settings, the database, the service, the views and Kafka."""
    try:
        settings = read_settings()
    except SettingRefused as refused:
        return [Finding("bad", "settings", str(refused), "Change it, then run this again.")]
    return [*_settings(settings), *_apps(settings), *_database(settings), *_service(settings), *_kafka(settings)]


def _settings(settings: Settings) -> Iterator[Finding]:
    for field, value in settings:
        default = type(settings).model_fields[field].default
        if field == "database_url" and settings.postgres:
            found = settings.named_database
        else:
            found = "not set" if value is None else str(value)
        yield Finding("ok", PREFIX + field.upper(), found, "" if value != default else "(default)")
    for name, meant in unknown_settings().items():
        advice = f"Did you mean {meant}?" if meant else "Look for a typo."
        yield Finding("note", name, "is no setting of this release", advice)


def _apps(settings: Settings) -> Iterator[Finding]:
    for app in settings.apps_file:
        keys, admins = len(app.keys), ", ".join(app.admins) or "none"
        found = f"{app.edition}; secret keys: {keys}; administrators: {admins}; {_limits(app.limits)}"
        advice = _advice(app)
        yield Finding("note" if advice else "ok", f"app {app.sdk_app_id}", found, advice)


def _limits(limits: Limits) -> str:
    """Name the limits that are not the defaults."""
    own = limits.model_dump(by_alias=True, exclude_defaults=True)
    return ", ".join(f"{name} = {value}" for name, value in own.items()) or "default limits"


def _advice(app: App) -> str:
    if not app.policy.entitled:
        return f"Every command of it is refused with 51013: its edition is not {FLAGSHIP}."
    if not app.keys:
        return "Nobody can sign in: it has no secretKeys."
    if min(map(len, app.keys)) < SHORT_KEY:
        return f"A key of fewer than {SHORT_KEY} characters can be guessed: take a longer one."
    return ""


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with open_store(settings) as store:
            head = store.log.head()
            yield Finding("ok", "database", f"log {store.log.log_id()}, {head} events")
            yield from _views(store, head)
            yield from _followers(store, relays=settings.kafka_bootstrap_servers is not None)
    except NotMigrated as missing:
        yield Finding("bad", "database", str(missing), "Start the service, or run `convgroups migrate`.")
    except Exception as error:  # noqa: BLE001 - whatever it is, this is who says it
        advice = "See that CONVGROUPS_DATABASE_URL names the right database, and that it can be read and written."
        yield Finding("bad", "database", sentence(error), advice)


def _followers(store: Store, *, relays: bool) -> Iterator[Finding]:
    """Tell which process runs which follower, where several could."""
    for name, owner in store.leases.owners() if store.leases else ():
        if name == "relay" and owner is None and not relays:
            continue
        advice = "Start a service that runs that part; if one runs, see its log and /readyz." if owner is None else ""
        yield Finding("note" if owner is None else "ok", f"follower {name}", f"run by {owner or 'nobody'}", advice)


def _service(settings: Settings) -> Iterator[Finding]:
    if settings.postgres is not None:
        return  # any number of them may run, anywhere
    try:
        with sole_writer(settings.database):
            runs = False
    except HeldElsewhere:
        runs = True
    except OSError as error:
        yield Finding("bad", "service", str(error), "Without the lock beside the database no service can run.")
        return
    if not runs:
        yield Finding("note", "service", "none runs on this database", "Start one with `convgroups serve`.")
        return
    yield Finding("ok", "service", "runs, and writes to this database")
    if (url := announced(settings.database)) is not None:
        yield from _what_it_says(f"{url}/readyz")


def _what_it_says(url: str) -> Iterator[Finding]:
    """Ask the service itself: it knows its followers, and its settings may be others than this shell's."""
    try:
        checks = httpx.get(url, timeout=5, trust_env=False).json()["checks"]  # it is here, behind no proxy
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        yield Finding("bad", url, str(error), "Another command may hold the database for a moment; try again.")
        return
    for check in checks:
        advice = "" if check["ok"] else "See docs/operate.md, and the service's log."
        yield Finding("ok" if check["ok"] else "bad", f"service: {check['name']}", check["detail"], advice)


def _views(store: Store, head: int) -> Iterator[Finding]:
    for name, view in store.views.items():
        behind = head - view.checkpoint()
        advice = "A running service catches up; reads are right meanwhile." if behind else ""
        yield Finding("note" if behind else "ok", f"view {name}", f"{behind} events behind", advice)


def _kafka(settings: Settings) -> Iterator[Finding]:
    kafka = kafka_settings(settings)
    if kafka is None:
        yield Finding("note", "kafka", "none in this shell's settings", f"{PREFIX}KAFKA_BOOTSTRAP_SERVERS names it.")
        return
    try:
        probed = probe(kafka)
    except Unavailable as away:
        yield Finding("bad", "kafka", str(away), "See that it runs there; the relay goes on by itself then.")
        return
    except RelayRefused as refused:
        yield Finding("bad", "kafka", str(refused))
        return
    yield Finding("ok", "kafka", f"answers, transaction.version {probed.transaction_version}")
    if probed.position is None:
        yield Finding("note", "relay", f"{kafka.events_topic}: nothing published yet", "A running service publishes.")
        return
    if not probed.has_groups:
        found = f"{kafka.groups_topic} is to be made from what is published"
        yield Finding("note", "groups topic", found, "A running service makes it, and goes on publishing then.")
    try:
        with open_store(settings) as store:
            yield _published(kafka.events_topic, probed.position.reached, store)
    except Exception:  # noqa: BLE001 - said of the database before
        yield Finding("note", "relay", _up_to(kafka.events_topic, probed.position.reached))


def _published(topic: str, reached: Reached, store: Store) -> Finding:
    found = _up_to(topic, reached)
    if reached.log_id != store.log.log_id():
        advice = "Was a backup restored? Then `convgroups relay-from POSITION`; else another topic prefix."
        return Finding("bad", "relay", f"{found} of the log {reached.log_id}", advice)
    behind = store.log.head() - int(reached.position)
    if behind < 0:
        advice = "An older state of the database was put back: see docs/operate.md, backup and restore."
        return Finding("bad", "relay", f"{found}, {-behind} events ahead of the log", advice)
    return Finding("note" if behind else "ok", "relay", f"{found}, {behind} events behind")


def _up_to(topic: str, reached: Reached) -> str:
    return f"{topic} is published up to position {int(reached.position)}"
