"""A device of a user: it follows the feed, and comes back with its cursor however often the connection ends."""

from collections.abc import Sequence
from itertools import cycle
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Self

import httpx

from tests.e2e.service import PATIENCE, Service
from tests.integration.feeding import Frame, frames_of


class Device(Thread):
    """Follows one user's feed at these services in turn, while `with` lasts; `frames` is all that it was told.

    With `stay` it goes to the next service by itself after so many frames.
    """

    def __init__(self, user: str, services: Sequence[Service], stay: int | None = None) -> None:
        super().__init__(daemon=True)
        self.frames: list[Frame] = []
        self.connections = 0
        self._user = user
        self._services = services
        self._stay = stay
        self._told = Condition()
        self._over = Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def wait_for(self, revision: int) -> None:
        """Wait until it was told of this revision."""
        with self._told:
            come = self._told.wait_for(lambda: self.frames and self.frames[-1].revision >= revision, PATIENCE)
        assert come, f"{self._user} was told of {[frame.revision for frame in self.frames[-3:]]}, not of {revision}"

    def run(self) -> None:
        for service in cycle(self._services):
            if self._over.is_set():
                return
            if service.up.wait(0.05):
                self._follow(service)

    def _follow(self, service: Service) -> None:
        cursor = self.frames[-1].cursor if self.frames else None
        try:
            with service.client() as client, frames_of(client, self._user, cursor) as frames:
                self.connections += 1
                for count, frame in enumerate(frames, start=1):
                    with self._told:
                        self.frames.append(frame)
                        self._told.notify_all()
                    if count == self._stay or self._over.is_set():
                        return
        except httpx.TransportError:
            pass  # the service was killed, or is not there yet
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # as it is when it is about to end
                raise
