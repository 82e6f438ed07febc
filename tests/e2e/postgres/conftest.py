"""Services on PostgreSQL, which end with their test: its database does."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import NewService


@pytest.fixture
def new_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewService]:
    new = NewService(tmp_path_factory)
    yield new
    for service in new.made:
        service.kill()
