"""A service that all tests of this folder share, and a user for each test."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from tests.integration.command_line import run, way
from tests.integration.service import Place, Service, running
from tests.services.postgres import new_database

__all__ = ["run", "way"]


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> Iterator[None]:
    """Log to the standard error, one line an event, as `serve` would be told to."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(sys.__stderr__),
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a running service; other tests use it too, so take a `user` of your own. `on_both` runs it twice."""
    if getattr(request, "param", "sqlite") == "postgres":
        with new_database(request.getfixturevalue("postgres")) as url, running(url) as running_service:
            yield running_service
    else:
        with running(tmp_path_factory.mktemp("service") / "log.db") as running_service:
            yield running_service


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give where a database of the test's own would be, in SQLite and in PostgreSQL; there is none yet."""
    if request.param == "sqlite":
        return tmp_path / "log.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def user() -> str:
    """Give a user whom no other test has."""
    return f"user-{uuid4().hex[:12]}"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Give where a database of the test's own would be; there is none yet."""
    return tmp_path / "log.db"


@pytest.fixture
def nothing_recorded(service: Service) -> Iterator[None]:
    """Hold the test to it that nothing is recorded."""
    before = service.head()
    yield
    assert service.head() == before
