"""Leases: of several processes one runs a follower."""

from time import monotonic

import pytest

from adapters.store import leases
from adapters.store.leases import Leases
from tests.contract.lease_steps import NAME, expire, seconds_left
from tests.e2e.service import eventually


def test_one_takes_a_lease_and_the_other_stands_by(both: tuple[Leases, Leases], migrated: str) -> None:
    one, other = (process.lease(NAME) for process in both)
    assert one.hold() == 1
    assert other.hold() is None
    assert other.hold() is None
    assert one.hold() == 1
    assert 0 < seconds_left(migrated) <= leases.LASTS
    owners = dict(both[1].owners())
    assert owners == {NAME: "first:1", "group-lists": None, "relay": None, "snapshots": None}


def test_each_follower_has_a_lease_of_its_own(both: tuple[Leases, Leases]) -> None:
    assert both[0].lease("history").hold() == 1
    assert both[1].lease("group-lists").hold() == 1
    assert both[1].lease("history").hold() is None


def test_a_lease_that_is_released_is_taken_at_once_and_its_epoch_rises(both: tuple[Leases, Leases]) -> None:
    one, other = (process.lease(NAME) for process in both)
    for epoch in range(1, 7, 2):
        assert one.hold() == epoch
        one.release()
        assert other.hold() == epoch + 1
        assert one.hold() is None
        other.release()


def test_who_does_not_hold_a_lease_releases_nothing(both: tuple[Leases, Leases]) -> None:
    one, other = (process.lease(NAME) for process in both)
    one.hold()
    other.hold()
    other.release()
    assert other.hold() is None


def test_a_lease_is_taken_over_when_it_has_expired_by_the_clock_of_the_database(
    both: tuple[Leases, Leases], migrated: str
) -> None:
    one, other = (process.lease(NAME) for process in both)
    assert one.hold() == 1
    expire(migrated)
    assert other.hold() == 2
    assert one.hold() == 1, "it does not know yet"
    one.release()  # what is no more its own
    assert dict(both[0].owners())[NAME] == "second:2"
    assert one.hold() is None


def test_renewing_keeps_a_lease(both: tuple[Leases, Leases], migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED", 0.02)
    lease = both[0].lease(NAME)
    with both[0]:
        lease.hold()
        expire(migrated)
        eventually(lambda: seconds_left(migrated) > leases.LASTS / 2, "the lease is renewed")
    assert both[1].lease(NAME).hold() is None


def test_without_renewing_a_lease_ends_by_itself(both: tuple[Leases, Leases], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LASTS", 0.5)
    one, other = (process.lease(NAME) for process in both)
    begin = monotonic()
    one.hold()
    eventually(lambda: other.hold() is not None, "the lease expires")
    assert monotonic() - begin >= 0.5


def test_who_renews_a_lease_that_another_has_knows_then_that_it_is_lost(
    both: tuple[Leases, Leases], migrated: str
) -> None:
    one, other = (process.lease(NAME) for process in both)
    one.hold()
    expire(migrated)
    other.hold()
    one.renew()
    assert one.hold() is None
    other.renew()
    assert other.hold() == 2


def test_a_lease_that_nobody_took_is_renewed_after_its_time(both: tuple[Leases, Leases], migrated: str) -> None:
    one, other = (process.lease(NAME) for process in both)
    one.hold()
    expire(migrated)
    one.renew()
    assert (one.hold(), other.hold()) == (1, None)
