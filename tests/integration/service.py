"""A running service, put together by `adapters.main` on a database of its own, with its store at hand for the test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import httpx
import pytest

from adapters.follow import FollowerThread, stop_all
from adapters.main import build
from adapters.serve import http_server, listen
from adapters.settings import Settings
from adapters.stores import Store, open_store_to_write


def wait_until(true: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Wait for a condition, and fail where it does not come."""
    deadline, never = monotonic() + seconds, Event()
    while not true():
        assert monotonic() < deadline, f"waited {seconds} s for {what}"
        never.wait(0.005)


@dataclass
class Service:
    """What a test talks to."""

    url: str
    client: httpx.Client
    store: Store
    threads: list[FollowerThread]

    @property
    def address(self) -> tuple[str, int]:
        found = httpx.URL(self.url)
        assert found.port is not None
        return found.host, found.port

    def head(self) -> int:
        """Tell how many events the log has."""
        return self.store.log.head()

    def send(
        self, user: str, command: str, *, headers: Any = None, dry_run: bool | None = None, **fields: Any
    ) -> httpx.Response:
        """Send a command."""
        params = {} if dry_run is None else {"dryRun": str(dry_run).lower()}
        body = {"command": command, **fields}
        return self.client.post(f"/v1/users/{user}/commands", json=body, headers=headers, params=params)

    def done(self, user: str, command: str, **fields: Any) -> dict[str, Any]:
        """Send a command that is carried out, and give its answer."""
        response = self.send(user, command, **fields)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def read(self, user: str, what: str, **params: Any) -> dict[str, Any]:
        """Ask something about a user, and give the answer."""
        response = self.client.get(f"/v1/users/{user}/{what}", params=params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def names(self, user: str) -> list[str]:
        """List the names of a user's groups."""
        return [group["groupName"] for group in self.read(user, "groups")["groups"]]

    def history(self, user: str) -> list[dict[str, Any]]:
        """Tell a user's whole history."""
        events: list[dict[str, Any]] = self.read(user, "history", limit=1000)["events"]
        return events

    @contextmanager
    def following(self, name: str) -> Iterator[None]:
        """Have the right to move a view, where several processes could."""
        lease = self.store.leases.lease(name) if self.store.leases else None
        if lease is not None:
            assert lease.hold() is not None
        yield
        if lease is not None:
            lease.release()

    def wait_for_views(self) -> None:
        """Wait until every view has what the log has."""
        head = self.head()
        views = self.store.views.values()
        wait_until(lambda: all(view.checkpoint() >= head for view in views), f"the views to reach {head}")


on_both = pytest.mark.parametrize("service", ["sqlite", "postgres"], indirect=True)
"""Marks tests that are to be run on a service with each database."""

Place = Path | str
"""A file of SQLite, or the URL of a database in PostgreSQL."""


def settings_for(place: Place, **given: Any) -> Settings:
    url = place if isinstance(place, str) else f"sqlite:///{place}"
    return Settings(database_url=url, kafka_bootstrap_servers=None, **given)


@contextmanager
def running(place: Place, *, following: bool = True, **given: Any) -> Iterator[Service]:
    """Run the service with these settings; without `following` its views stand still."""
    settings = settings_for(place, **given)
    with listen("127.0.0.1", 0) as listener, open_store_to_write(settings) as store, store.leases or nullcontext():
        app, threads = build(settings, store)
        if following:
            for thread in threads:
                thread.start()
        listener.listen(100)
        server = http_server(app)
        serving = Thread(target=server.run, kwargs={"sockets": [listener]})
        serving.start()
        url = "http://{}:{}".format(*listener.getsockname())
        try:
            with httpx.Client(base_url=url, timeout=30) as client:
                yield Service(url, client, store, threads)
        finally:
            server.should_exit = True
            serving.join()
            stop_all(threads)
