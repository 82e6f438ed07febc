"""Bare `eventsourcing`: an Application and an Aggregate in the documented style, no snapshots, no cache."""

import itertools
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.peers import workload
from benchmarks.peers.workload import ADDED, CREATED, DELETED, REMOVED, RENAMED
from benchmarks.protocol import answer_requests

KINDS = {"Created": CREATED, "Added": ADDED, "Renamed": RENAMED, "Removed": REMOVED, "Deleted": DELETED}
METHODS = {CREATED: "create", ADDED: "add", RENAMED: "rename", REMOVED: "remove", DELETED: "delete"}


class UserGroups(Aggregate):
    """One user's groups."""

    @event("Opened")
    def __init__(self, user: int) -> None:
        self.user = user
        self.groups: workload.Groups = {}

    @staticmethod
    def create_id(user: int) -> UUID:
        """Name the user's stream."""
        return workload.stream_id(user)

    def change(self) -> None:
        """Carry out the next command."""
        kind, data = workload.decide(self.groups, self.version - 1)
        getattr(self, METHODS[kind])(**data)

    @event("Created")
    def create(self, app: str, group: str, name: str, conversations: list[str], operator: str, source: str) -> None:
        workload.evolve(self.groups, CREATED, {"group": group, "name": name})

    @event("Added")
    def add(self, app: str, group: str, name: str, conversations: list[str], operator: str, source: str) -> None:
        workload.evolve(self.groups, ADDED, {"group": group, "conversations": conversations})

    @event("Renamed")
    def rename(self, app: str, group: str, name: str, conversations: list[str], operator: str, source: str) -> None:
        workload.evolve(self.groups, RENAMED, {"group": group, "name": name})

    @event("Removed")
    def remove(self, app: str, group: str, name: str, conversations: list[str], operator: str, source: str) -> None:
        workload.evolve(self.groups, REMOVED, {"group": group, "conversations": conversations})

    @event("Deleted")
    def delete(self, app: str, group: str, name: str, conversations: list[str], operator: str, source: str) -> None:
        workload.evolve(self.groups, DELETED, {"group": group})


class Service(Application[UUID]):
    """The application."""

    def change(self, user: int) -> None:
        """Carry out one user's next command."""
        aggregate: UserGroups = self.repository.get(workload.stream_id(user))
        aggregate.change()
        self.save(aggregate)


class Driver:
    """Answers for the application that `open_app(callers)` gives: one per measurement, so connections are returned."""

    def __init__(self, open_app: Callable[[int], Service]) -> None:
        self.open_app = open_app
        self.next_user = itertools.count()

    def seed(self) -> dict[str, Any]:
        app = self.open_app(1)
        for first in range(0, workload.USERS, 100):
            aggregates = [UserGroups(user) for user in range(first, first + 100)]
            for aggregate in aggregates:
                for _ in range(workload.EVENTS - 1):
                    aggregate.change()
            app.save(*aggregates)
        app.close()
        return {"events": workload.USERS * workload.EVENTS}

    def run(self, case: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
        app = self.open_app(callers)
        try:
            return workload.measure(
                [lambda: app.change(next(self.next_user) % workload.USERS)] * callers, warm, seconds
            )
        finally:
            app.close()

    def rebuild(self, case: str) -> dict[str, float]:
        """Read the log with the library's own decoding into plain dictionaries."""
        app = self.open_app(1)
        views: dict[UUID, workload.Groups] = {}
        position, count, limit = 0, 0, workload.USERS * workload.EVENTS
        begin = time.perf_counter()
        while count < limit:
            batch = app.recorder.select_notifications(position, 1000, inclusive_of_start=False)
            for notification in batch:
                happened = app.mapper.to_domain_event(notification)
                groups = views.setdefault(happened.originator_id, {})
                if kind := KINDS.get(type(happened).__name__):
                    workload.evolve(groups, kind, happened.__dict__)
            count, position = count + len(batch), batch[-1].id
        elapsed = time.perf_counter() - begin
        app.close()
        return {"count": count, "seconds": elapsed}

    def check(self) -> dict[str, Any]:
        app = self.open_app(1)
        events = app.recorder.max_notification_id() or 0
        state = app.recorder.select_notifications(events, 1)[0].state
        app.close()
        return {"events": events, "bytes": len(state)}

    def answer(self) -> None:
        answer_requests({"seed": self.seed, "run": self.run, "rebuild": self.rebuild, "check": self.check})
