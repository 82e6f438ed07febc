"""Followers of one process take turns, and none waits for another that hangs."""

from collections.abc import Callable, Iterator
from threading import Event, Lock
from time import monotonic, sleep

import pytest

from adapters.follow import FollowerThread, stop_all
from projections.follower import Follower

PATIENCE = 10.0


class Steps(Follower):
    """A follower whose batches are what the test says."""

    def __init__(self, name: str, step: Callable[[], None]) -> None:
        self.name, self.position, self.batch_size = name, 0, 1
        self._step = step

    def step(self) -> int:
        self._step()
        return 0


@pytest.fixture
def started() -> Iterator[Callable[..., None]]:
    """Give what starts followers that share a turn."""
    threads: list[FollowerThread] = []
    turn = Lock()

    def start(**steps: Callable[[], None]) -> None:
        for name, step in steps.items():
            threads.append(FollowerThread(Steps(name, step), None, turn=turn))  # type: ignore[arg-type]  # no lag asked
            threads[-1].start()

    yield start
    stop_all(threads)


def test_one_works_at_a_time(started: Callable[..., None]) -> None:
    working: list[str] = []
    most: list[int] = []

    def step() -> None:
        working.append("")
        most.append(len(working))
        sleep(0.002)
        working.pop()

    started(one=step, two=step, three=step)
    give_up = monotonic() + PATIENCE
    while len(most) < 20 and monotonic() < give_up:
        sleep(0.01)
    assert len(most) >= 20
    assert max(most) == 1


def test_one_that_hangs_is_not_waited_for(started: Callable[..., None]) -> None:
    hangs, go_on, worked = Event(), Event(), Event()

    def hang() -> None:
        hangs.set()
        assert go_on.wait(PATIENCE)

    started(hanging=hang)
    assert hangs.wait(PATIENCE)
    started(working=worked.set)
    assert worked.wait(PATIENCE)
    assert not go_on.is_set()
    go_on.set()
