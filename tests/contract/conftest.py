"""The suites of this folder run once for every implementation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.stores import DURABLE, STORES, Clock, OpenStore, Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """Give an empty store of each kind."""
    with STORES[request.param](tmp_path, clock) as opened:
        yield opened


@pytest.fixture(params=DURABLE)
def open_store(request: pytest.FixtureRequest) -> OpenStore:
    """Give what opens a store of each durable kind, also for the second time."""
    return STORES[request.param]
