"""Builds everything: the only file that knows all parts. The command line calls it; nothing else does."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from threading import Event, Lock
from typing import Any, Final, Literal, assert_never, get_args

import structlog
import uvicorn
from starlette.types import ASGIApp

from adapters.feed.feed import Feed
from adapters.follow import LOOK_AGAIN, LOOK_OFTEN, FollowerThread, stop_all
from adapters.http.access import Access, LocalOnly, let_everybody_in
from adapters.http.app import create_app, create_operations_app
from adapters.http.edge import is_loopback
from adapters.http.identity import Signed, Trusting
from adapters.http.operations import Check
from adapters.http.reads import ReadSide
from adapters.http.writes import GatheringProtocol
from adapters.interpreter import give_way, suit_the_interpreter
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings, Security
from adapters.pruning import Pruning
from adapters.readiness import Beside, feed_check, follower_check, lags, readiness
from adapters.settings import SettingRefused, Settings
from adapters.store.lock import announce
from adapters.stores import Store, migrate_to_write, open_store_patiently
from adapters.telemetry import Metrics, configure_logging
from adapters.workers import Workers
from adapters.writer import Writer
from projections.follower import Follower, SharedReads

logger = structlog.get_logger("service")

BACKLOG = 2048
"""Connections that the system keeps waiting while the service starts or is busy."""

GOODBYE = 5
"""Seconds that a request may still take when the service is asked to end."""

GATHER = 0.08
"""Seconds for which a view lets events gather: shorter, and it takes more of the interpreter from those who wait for an
answer; longer, and each of its batches holds them up.

Reads do not wait for it: they apply what it does not have yet.
"""

NO_KAFKA = "CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS is not set"

Part = Literal["api", "views", "relay"]

PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""What a service does, where nothing else is said. On PostgreSQL each has a process of its own."""


def read_side(store: Store) -> ReadSide:
    """Give what answers are made from."""
    return ReadSide(store.log, store.log.log_id(), store.group_lists, store.history)


def kafka_settings(settings: Settings) -> KafkaSettings | None:
    """Say where Kafka is; None where none is configured."""
    if settings.kafka_bootstrap_servers is None:
        return None
    return KafkaSettings(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        topic_prefix=settings.kafka_topic_prefix,
        partitions=settings.kafka_partitions,
        replication_factor=settings.kafka_replication_factor,
        security=Security(
            settings.kafka_security_protocol,
            settings.kafka_sasl_mechanism,
            settings.kafka_sasl_username,
            settings.kafka_sasl_password.get_secret_value() if settings.kafka_sasl_password else None,
            settings.kafka_ssl_cafile,
        ),
    )


def relay_to_kafka(settings: Settings, store: Store) -> Relay | None:
    """Build the relay, not yet connected; None where no Kafka is configured."""
    kafka = kafka_settings(settings)
    return None if kafka is None else Relay(kafka, store.log, store.groups.states_at)


def follow_views(store: Store) -> list[FollowerThread]:
    """Build the followers that keep the views."""
    log, turn = SharedReads(store.log), Lock()
    return [_thread(store, Follower(name, log, view), gather=GATHER, turn=turn) for name, view in store.views.items()]


def follow_relay(settings: Settings, store: Store, *, alone: bool = False) -> list[FollowerThread]:
    """Build the follower that publishes to Kafka; none where no Kafka is configured. `alone`: others write."""
    relay = relay_to_kafka(settings, store)
    if relay is None:
        logger.info("relay off", reason=NO_KAFKA)
        return []
    logger.info("relay on", kafka=settings.kafka_bootstrap_servers, topic_prefix=settings.kafka_topic_prefix)
    look_again = LOOK_OFTEN if alone else LOOK_AGAIN
    return [_thread(store, Follower("relay", store.log, relay), on_close=relay.close, look_again=look_again)]


def _thread(store: Store, follower: Follower, **how: Any) -> FollowerThread:
    right = store.leases.lease(follower.name) if store.leases else None
    return FollowerThread(follower, store.log, right=right, **how)


def build(
    settings: Settings, store: Store, parts: Collection[Part] = PARTS, beside: Sequence[Beside] = ()
) -> tuple[ASGIApp, list[FollowerThread]]:
    """Put the application and its followers, not yet started, together over one store."""
    threads = follow_views(store) if "views" in parts else []
    threads += follow_relay(settings, store, alone="api" not in parts) if "relay" in parts else []

    def followers() -> list[Check]:
        return [*map(follower_check, threads), *(check for process in beside for check in process.followers())]

    metrics = Metrics(partial(lags, followers))
    store.groups.listeners += [metrics.committed, *(lambda _, wake=thread.wake: wake() for thread in threads)]
    if "api" not in parts:
        ready = partial(readiness, store.log, followers)
        return create_operations_app(ready, metrics, access_by(settings).guard), threads
    reads = read_side(store)
    feed = Feed(store.log, reads.log_id, store.groups, settings.feed_depth)
    store.groups.listeners.append(lambda _: feed.wake())
    metrics.count_readers(lambda: feed.readers)

    def checks() -> list[Check]:
        return [*readiness(store.log, followers), feed_check(feed)]

    return create_app(store.groups, Writer(store.lanes), reads, checks, metrics, access_by(settings), feed), threads


def access_by(settings: Settings) -> Access:
    """Say who may call: whoever signs, or, with authentication off, whoever is on this machine."""
    origins = settings.allowed_origins
    match settings.auth:
        case "off":
            return Access(Trusting(), LocalOnly(origins), origins)
        case "usersig":
            return Access(Signed(settings.apps_file), let_everybody_in, origins)
        case _:
            assert_never(settings.auth)


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
            return
        serves, *others = _apart(settings, parts)
        inner = {part: stack.enter_context(listen("127.0.0.1", 0)) for part in others}
        beside = [(part, own.getsockname()[1]) for part, own in inner.items()]
        works = [partial(work, settings, own, [part]) for part, own in inner.items()]
        if workers > 1:
            works += [partial(work, settings, listener, [serves], beside)] * workers
            with Workers(works):
                say()
                Event().wait()
        with Workers(works):
            work(settings, listener, [serves], beside, on_started=say)


def _apart(settings: Settings, parts: Collection[Part]) -> Iterator[Part]:
    """Give the parts that have a process each, the one that serves first.

    Who keeps views has the interpreter to itself then, and so has who waits for an answer (docs/decisions/0016).
    """
    serves, *others = parts
    yield serves
    for part in others:
        if part == "relay" and settings.kafka_bootstrap_servers is None:
            logger.info("relay off", reason=NO_KAFKA)
        else:
            yield part


def work(
    settings: Settings,
    listener: socket,
    parts: Collection[Part],
    beside: Sequence[tuple[Part, int]] = (),
    on_started: Callable[[], None] = lambda: None,
) -> None:
    """Serve in this process from a database that is up to date; `beside` are other parts with their ports."""
    configure_logging(settings.log_format)
    suit_the_interpreter()
    if list(parts) == ["views"]:
        give_way()
    with ExitStack() as stack:
        store = stack.enter_context(open_store_patiently(settings))
        app, threads = build(settings, store, parts, [Beside(part, port) for part, port in beside])
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
