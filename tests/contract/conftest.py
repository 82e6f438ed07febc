"""The suites of this folder run once for every implementation."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.store.datastore import Datastore
from adapters.store.leases import Leases
from adapters.store.migrate import migrate_postgres
from tests.contract.stores import DURABLE, STORES, Clock, OpenStore, Store, postgres_store
from tests.services.postgres import new_database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def database(postgres: str) -> Iterator[str]:
    """Give a database in which each store has a schema."""
    with new_database(postgres) as url:
        yield url


def opens(kind: str, request: pytest.FixtureRequest) -> OpenStore:
    if kind in STORES:
        return STORES[kind]
    return postgres_store(request.getfixturevalue("database"), awaited=kind == "postgres awaited")


@pytest.fixture(params=["memory", *DURABLE])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """Give an empty store of each kind."""
    with opens(request.param, request)(tmp_path, clock) as opened:
        yield opened


@pytest.fixture(params=DURABLE)
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    """Give what opens a store of each durable kind, also for the second time."""
    return opens(request.param, request)


@pytest.fixture
def other(store: Store, request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """Give a second service on the same store, as another process has it: it remembers for itself."""
    kind = request.node.callspec.params["store"]
    with opens(kind, request)(tmp_path, clock) as opened:
        if kind == "memory":
            opened.groups.recorder = store.groups.recorder
            opened.log = store.log
        yield opened


@pytest.fixture
def migrated(postgres_url: str) -> str:
    """Give the URL of a database in PostgreSQL with its tables, for this test alone."""
    migrate_postgres(postgres_url)
    return postgres_url


@pytest.fixture
def both(migrated: str) -> Iterator[tuple[Leases, Leases]]:
    """Give the leases of two processes on one database; none is renewed yet."""
    with ExitStack() as stack:
        first, second = (Leases(stack.enter_context(closing(Datastore(migrated)))) for _ in range(2))
        first.owner, second.owner = "first:1", "second:2"
        yield first, second
