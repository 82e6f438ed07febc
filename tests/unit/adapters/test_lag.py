"""How far a follower is behind, asked while it works."""

from collections.abc import Callable
from typing import cast

from adapters.follow import FollowerThread, Lag
from domain.ports import EventLog
from projections.follower import Effect, Follower


class GrownLog:
    """A log with some events, during a look at which something happens."""

    def __init__(self, head: int, meanwhile: Callable[[], None]) -> None:
        self._head = head
        self._meanwhile = meanwhile

    def head(self) -> int:
        self._meanwhile()
        return self._head


def test_a_follower_that_is_taken_over_while_its_lag_is_measured_has_the_lag_of_before() -> None:
    def take_over() -> None:
        thread._position = None

    log = cast("EventLog", GrownLog(7, take_over))
    thread = FollowerThread(Follower("history", log, cast("Effect", None)), log)
    thread._position = 7
    assert thread.lag() == Lag(0, 0.0)
    assert thread.lag() is None
