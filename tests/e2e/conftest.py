"""Services for the tests, all ended with them; what they said is shown with a test that fails."""

from collections.abc import Generator, Iterator

import pytest

from tests.e2e.service import Service


class NewService:
    """Makes services, each with a folder of its own."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self.made: list[Service] = []
        self._folders = folders

    def __call__(
        self, kafka: str | None = None, prefix: str | None = None, *arguments: str, database: str | None = None
    ) -> Service:
        """Make a service that relays to this Kafka, and do not start it yet; `arguments` are those of `serve`."""
        folder = self._folders.mktemp("service")
        self.made.append(Service(folder, kafka, prefix, database=database, arguments=arguments))
        return self.made[-1]


@pytest.fixture(scope="module")
def new_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewService]:
    new = NewService(tmp_path_factory)
    yield new
    for service in new.made:
        service.kill()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    new = getattr(item, "funcargs", {}).get("new_service")
    if report.failed and new is not None:
        for service in new.made:
            report.sections.append((f"what the service at {service.url} said", service.said()[-10_000:]))
    return report
