"""Runs what `main` builds: in one process, or each part in one of its own."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket

import structlog
import uvicorn
from starlette.types import ASGIApp

from adapters.follow import stop_all
from adapters.http.edge import is_loopback
from adapters.http.writes import GatheringProtocol
from adapters.interpreter import give_way, suit_the_interpreter
from adapters.main import PARTS, Part, build, relays
from adapters.pruning import Pruning
from adapters.readiness import Beside
from adapters.settings import SettingRefused, Settings
from adapters.store.lock import announce
from adapters.stores import Store, migrate_to_write, open_store, open_store_patiently
from adapters.telemetry import configure_logging
from adapters.workers import Workers

logger = structlog.get_logger("service")

BACKLOG = 2048
"""Connections that the system keeps waiting while the service starts or is busy."""

GOODBYE = 5
"""Seconds that a request may still take when the service is asked to end."""

A_MOMENT = 1.0
"""Seconds between two looks at whether the workers are still seen to."""


def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    parts: Collection[Part] = PARTS,
    workers: int = 1,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Run these parts until this process is asked to end; raises `SettingRefused`, `HeldElsewhere`, `OSError`.

    `on_listening` is told the address, as soon as requests are taken.
    """
    refuse_strangers(settings, host)
    if settings.postgres is None and (workers > 1 or set(parts) != set(PARTS)):
        raise SettingRefused("--workers and --only need PostgreSQL: set CONVGROUPS_DATABASE_URL=postgresql://...")
    if set(parts) == {"relay"} and settings.kafka_bootstrap_servers is None:
        raise SettingRefused("--only relay needs a Kafka: set CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS=HOST:PORT")
    host = host if host == "localhost" else str(ip_address(host))  # of all its spellings, the usual one
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        where = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        stack.enter_context(migrate_to_write(settings))
        stack.callback(logger.info, "stopped")

        def say() -> None:
            docs = {"docs": f"{where}/docs"} if "api" in parts else {"parts": ",".join(parts)}
            logger.info("serving", url=where, **docs, database=settings.named_database)
            if settings.postgres is None:
                announce(settings.database, where)
            if on_listening is not None:
                on_listening(where)

        if settings.postgres is None:
            work(settings, listener, parts, on_started=say)
        else:
            _work_apart(settings, listener, parts, workers, say)


def _work_apart(
    settings: Settings, listener: socket, parts: Collection[Part], workers: int, say: Callable[[], None]
) -> None:
    """Let each part have a process of its own: else views and relay take the interpreter from whoever answers."""
    first, *others = parts
    if "relay" in others and not relays(settings):
        others.remove("relay")
    with ExitStack() as stack:
        listeners = {part: stack.enter_context(listen("127.0.0.1", 0)) for part in others}
        beside = [Beside(part, own.getsockname()[1]) for part, own in listeners.items()]
        at_work = partial(work, settings, opened=open_store_patiently)
        works = [(str(part), partial(at_work, own, [part])) for part, own in listeners.items()]
        if workers == 1:
            stack.enter_context(Workers(works))
            work(settings, listener, [first], beside, on_started=say)
        else:
            works += [(str(first), partial(at_work, listener, [first], beside))] * workers
            running = stack.enter_context(Workers(works))
            say()
            while running.is_alive():
                running.join(A_MOMENT)  # with an end: a signal has its effect in between


def work(
    settings: Settings,
    listener: socket,
    parts: Collection[Part],
    beside: Sequence[Beside] = (),
    *,
    opened: Callable[[Settings], AbstractContextManager[Store]] = open_store,
    on_started: Callable[[], None] = lambda: None,
) -> None:
    """Serve in this process from a database that is up to date; `beside` are the processes of other parts."""
    configure_logging(settings.log_format)
    suit_the_interpreter()
    if list(parts) == ["views"]:
        give_way()
    with ExitStack() as stack:
        store = stack.enter_context(opened(settings))
        app, threads = build(settings, store, parts, beside)
        stack.enter_context(store.leases or nullcontext())
        stack.enter_context(store.beside)
        stack.callback(stop_all, threads)
        for thread in threads:
            thread.start()
        if "api" in parts:
            stack.enter_context(Pruning(store.groups.prune))
        on_started()
        http_server(app).run(sockets=[listener])


def http_server(app: ASGIApp) -> uvicorn.Server:
    """Make the server, which knows nothing of what it serves."""
    config = uvicorn.Config(
        app,
        http=GatheringProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GOODBYE,
    )
    return uvicorn.Server(config)


def refuse_strangers(settings: Settings, host: str) -> None:
    """With authentication off, serve a loopback address only."""
    if settings.auth == "off" and not is_loopback(host):
        raise SettingRefused(
            f"CONVGROUPS_AUTH=off trusts every caller, so --host {host} is refused: use 127.0.0.1 or ::1, "
            f"or let callers sign: CONVGROUPS_AUTH=usersig, and CONVGROUPS_APPS_FILE with the apps and their keys."
        )


def listen(host: str, port: int) -> socket:
    """Bind before anything else starts: a port that is taken is said at once."""
    listener = socket(AF_INET6 if ":" in host else AF_INET)
    try:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
