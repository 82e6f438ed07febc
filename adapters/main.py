"""Builds everything: the only file that knows all parts. `serve` runs it, and the command line asks it for some."""

from collections.abc import Collection, Sequence
from functools import partial
from threading import Lock
from typing import Any, Final, Literal, assert_never, get_args

import structlog
from starlette.types import ASGIApp

from adapters.feed.feed import Feed
from adapters.follow import LOOK_AGAIN, LOOK_OFTEN, FollowerThread
from adapters.http.access import Access, LocalOnly, let_everybody_in
from adapters.http.app import create_app, create_operations_app
from adapters.http.identity import Signed, Trusting
from adapters.http.operations import Check
from adapters.http.reads import ReadSide
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings, Security
from adapters.readiness import Beside, feed_check, follower_check, lags, readiness
from adapters.settings import Settings
from adapters.stores import Store
from adapters.telemetry import Metrics
from adapters.writer import Writer
from projections.follower import Follower, SharedReads

logger = structlog.get_logger("service")

GATHER = 0.08
"""Seconds for which a view lets events gather: shorter, and it takes more from those who wait for an answer; longer,
and each of its batches holds them up.

Reads do not wait for it: they apply what it does not have yet.
"""

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


def relays(settings: Settings) -> bool:
    """Tell, and log where it is not so, whether a Kafka is configured."""
    configured = settings.kafka_bootstrap_servers is not None
    if not configured:
        logger.info("relay off", reason="CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS is not set")
    return configured


def follow_relay(settings: Settings, store: Store, *, alone: bool = False) -> list[FollowerThread]:
    """Build the follower that publishes to Kafka; none where no Kafka is configured. `alone`: others write."""
    relay = relay_to_kafka(settings, store) if relays(settings) else None
    if relay is None:
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
