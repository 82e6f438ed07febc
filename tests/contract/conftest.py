"""The suites of this folder run once for every implementation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
    return STORES[kind] if kind in STORES else postgres_store(request.getfixturevalue("database"))


@pytest.fixture(params=[*STORES, "postgres"])
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
