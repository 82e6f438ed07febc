"""Outcomes are kept for a time, and then their keys are free."""

from datetime import timedelta

import pytest

from adapters.store.memory import MemoryRecorder, environment
from domain.commands import DeleteGroup
from domain.outcomes import Outcome
from domain.ports import Key
from domain.service import ConversationGroups
from tests.contract.stores import APP, Clock, Store, submission
from tests.contract.test_kept_outcomes import ONE, TWO


def test_an_outcome_is_kept_for_seven_days(store: Store, clock: Clock) -> None:
    first = store.outcome(ONE, key="k")
    store.send(DeleteGroup(group_name="One"))
    clock.go_on(timedelta(days=7, microseconds=-1))
    assert store.outcome(ONE, key="k") == first
    clock.go_on(timedelta(microseconds=1))
    (late,) = store.send(ONE, key="k")
    assert isinstance(late.result, Outcome)
    assert (late.replayed, late.result.group_id) == (False, 2)
    assert store.outcome(ONE, key="k") == late.result


def test_an_expired_key_is_free_for_another_command(store: Store, clock: Clock) -> None:
    store.send(ONE, key="k")
    clock.go_on(timedelta(days=8))
    assert store.outcome(TWO, key="k").group_id == 2
    assert store.outcome(TWO, key="k").group_id == 2


def test_how_long_outcomes_are_kept_is_a_setting(clock: Clock) -> None:
    with ConversationGroups(environment(), keep_outcomes_for=timedelta(days=1), clock=clock) as groups:
        groups.handle([submission(ONE, key="k")])
        clock.go_on(timedelta(days=1, microseconds=-1))
        assert groups.handle([submission(ONE, key="k")])[0].replayed
        clock.go_on(timedelta(microseconds=1))
        assert not groups.handle([submission(ONE, key="k")])[0].replayed


def test_expired_outcomes_leave_in_small_steps_and_no_other(store: Store, clock: Clock) -> None:
    keys = [Key(APP, "alice", f"k{n}") for n in range(30)]
    for key in keys:
        store.send(ONE, key=key.key)
    assert len(store.kept(keys)) == 30
    clock.go_on(timedelta(days=7))
    for n in range(3):
        store.send(TWO, key=f"later{n}")
    assert len(store.kept(keys)) == 30
    assert sum(iter(store.groups.prune, 0)) == 30
    assert store.groups.prune() == 0
    assert store.kept(keys) == {}
    assert len(store.kept([Key(APP, "alice", f"later{n}") for n in range(3)])) == 3


def test_a_step_is_small_takes_the_oldest_and_leaves_what_has_not_expired(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(store.recorder, MemoryRecorder):
        pytest.skip("in memory there are no steps")
    for module in ("sqlite", "postgres"):
        monkeypatch.setattr(f"adapters.store.{module}.PRUNED_AT_ONCE", 4)
    keys = [Key(APP, "alice", f"k{n}") for n in range(10)]
    for key in keys:
        store.send(ONE, key=key.key)
        clock.go_on(timedelta(seconds=1))
    clock.go_on(timedelta(days=7, seconds=-2))
    steps = []
    for _ in range(4):
        steps.append((store.groups.prune(), len(store.kept(keys))))
        assert list(store.kept(keys)) == keys[-steps[-1][1] :]
    assert steps == [(4, 6), (4, 2), (1, 1), (0, 1)]
    clock.go_on(timedelta(seconds=2))
    assert (store.groups.prune(), store.groups.prune(), store.kept(keys)) == (1, 0, {})
