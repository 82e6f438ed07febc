"""Readers of the live feed, over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass
class Frame:
    """One frame as it came over the wire."""

    cursor: str
    kind: str
    data: Any

    @property
    def revision(self) -> int:
        found: int = self.data["revision"]
        return found


@contextmanager
def frames_of(
    client: httpx.Client, user: str, cursor: str | None = None, *, after: str | None = None, timeout: float = 20
) -> Iterator[Iterator[Frame]]:
    """Read a user's feed; the iterator ends with the answer."""
    headers = {} if cursor is None else {"Last-Event-ID": cursor}
    params = {} if after is None else {"after": after}
    path = f"/v1/users/{user}/events"
    with client.stream("GET", path, headers=headers, params=params, timeout=timeout) as response:
        response.raise_for_status()
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        yield _frames(response)


def _frames(response: httpx.Response) -> Iterator[Frame]:
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, value = line.split(": ", 1)
            assert name not in fields
            fields[name] = value
        elif fields:
            assert fields.keys() == {"id", "event", "data"}
            yield Frame(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}
