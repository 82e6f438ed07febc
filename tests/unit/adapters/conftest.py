"""What the tests of the adapters share."""

import pytest

from tests.unit.adapters.commits import Commits


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def commits() -> Commits:
    return Commits()
