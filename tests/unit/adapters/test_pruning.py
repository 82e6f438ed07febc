"""The thread that prunes: step by step while there is something, patient with a store that is away, gone at once."""

import threading
from collections.abc import Iterator
from threading import Event, Thread
from time import monotonic

import pytest
from structlog.testing import capture_logs

from adapters.pruning import Pruning
from domain.ports import Unavailable
from tests.integration.service import wait_until


class Steps:
    """Prunes as it is told, step by step: a number, or an exception; then there is nothing more."""

    def __init__(self, *steps: int | Exception) -> None:
        self.taken = 0
        self._steps = iter(steps)

    def __call__(self) -> int:
        self.taken += 1
        step = next(self._steps, 0)
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold the test to it that no thread is left."""
    monkeypatch.setattr("adapters.pruning.REST", 0.0)
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "pruning"]


def test_it_goes_on_while_there_is_something_and_rests_then() -> None:
    steps = Steps(500, 500, 3)
    with Pruning(steps):
        wait_until(lambda: steps.taken == 4, "the steps to be taken")
    assert steps.taken == 4


def test_after_its_rest_it_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.pruning.EVERY", 0.001)
    steps = Steps()
    with Pruning(steps):
        wait_until(lambda: steps.taken >= 5, "it to look again")


def test_a_store_that_is_away_is_said_and_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.pruning.EVERY", 0.001)
    steps = Steps(Unavailable("the disk is full"), Unavailable("the disk is full"), 2)
    with capture_logs() as logs, Pruning(steps):
        wait_until(lambda: steps.taken >= 4, "it to go on")
    said = [(line["log_level"], line["reason"]) for line in logs]
    assert said == 2 * [("warning", "the disk is full")]


@pytest.mark.parametrize("pruned", [0, 500], ids=["while it rests", "while there is more"])
def test_it_ends_at_once_when_it_is_told_to(pruned: int) -> None:
    begun = Event()

    def prune() -> int:
        begun.set()
        return pruned

    with Pruning(prune):
        assert begun.wait(10)
        told = monotonic()
    assert monotonic() - told < 2


def test_it_ends_with_the_step_in_hand() -> None:
    begun, go_on, done = Event(), Event(), list[str]()

    def prune() -> int:
        begun.set()
        assert go_on.wait(10)
        done.append("the step")
        return 1

    pruning = Pruning(prune)
    pruning.start()
    assert begun.wait(10)
    ending = Thread(target=pruning.__exit__, args=(None, None, None))
    ending.start()
    ending.join(0.05)
    assert (ending.is_alive(), done) == (True, [])
    go_on.set()
    ending.join(10)
    assert (ending.is_alive(), done) == (False, ["the step"])
