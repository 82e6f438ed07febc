"""Is the service ready: does its database answer, and how far behind the log are those who follow it."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from adapters.feed.feed import Feed
from adapters.follow import FollowerThread, Lag
from adapters.http.operations import Check
from domain.ports import EventLog, Unavailable

LATE = 5.0
"""Seconds that a view may be behind before the service calls itself not ready."""

PATIENCE = 2.0
"""Seconds in which a process beside this one is to say how its followers are."""

MAY_BE_LATE: Final = ("relay", "snapshots")
"""Followers without which everything is answered rightly and as fast: while Kafka is away, the relay is behind."""

Followers = Callable[[], Sequence[Check]]
"""Says how followers are; raises `Unavailable`."""


def readiness(log: EventLog, followers: Followers) -> list[Check]:
    """Check what must hold for the service to be ready."""
    try:
        return [Check("database", ok=True, detail=f"answers; the log has {log.head()} events"), *followers()]
    except Unavailable as away:
        return [Check("database", ok=False, detail=str(away))]


def lags(followers: Followers) -> Mapping[str, Lag]:
    """Tell, by name, how far behind each follower is that is run here; none where the database is away."""
    try:
        return {check.name: check.lag for check in followers() if check.lag is not None}
    except Unavailable:
        return {}


def follower_check(thread: FollowerThread) -> Check:
    """Check a follower of this process."""
    if thread.stopped_by is not None:
        return Check(thread.name, ok=False, detail=f"stopped: {thread.stopped_by}", lag=thread.lag())
    if thread.stands_by:
        return Check(thread.name, ok=True, detail="stands by: another process follows")
    lag = thread.lag()
    detail = "has not begun" if lag is None else f"{lag.events} events, {lag.seconds:.1f} s behind"
    if thread.waiting_for is not None:
        detail += f"; waits: {thread.waiting_for}"
    in_time = lag is not None and thread.waiting_for is None and lag.seconds <= LATE
    return Check(thread.name, ok=in_time or thread.name in MAY_BE_LATE, detail=detail, lag=lag)


def feed_check(feed: Feed) -> Check:
    """Check the live feed of this process."""
    if feed.stopped_by is not None:
        return Check("feed", ok=False, detail=f"stopped: {feed.stopped_by}")
    return Check("feed", ok=True, detail=f"{feed.readers} listen")


class Beside:
    """Asks a process beside this one, on a port of this machine, how its followers are."""

    def __init__(self, part: str, port: int) -> None:
        self._part = part
        self._port = port

    def followers(self) -> list[Check]:
        """Give its checks; one of the process itself where it does not answer."""
        try:
            database, *followers = map(Check.read, self._ask()["checks"])
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            return [self._failed(f"does not answer: {str(error) or type(error).__name__}")]
        return followers or [self._failed(database.detail)]

    def _failed(self, detail: str) -> Check:
        return Check(f"process of the {self._part}", ok=self._part in MAY_BE_LATE, detail=detail)

    def _ask(self) -> dict[str, Any]:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/readyz")
            answer: dict[str, Any] = json.load(connection.getresponse())
            return answer
