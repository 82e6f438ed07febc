"""The position of a follower moves with its effect while the lease is held; who was replaced changes nothing."""

import pytest

from adapters.store import leases
from adapters.store.leases import LeaseLost, Leases
from domain.ports import Entry, Unavailable
from tests.contract.lease_steps import NAME, expire, move
from tests.e2e.service import eventually


def test_positions_move_without_a_gap_while_the_lease_is_held(both: tuple[Leases, Leases]) -> None:
    one, datastore = both[0].lease(NAME), both[0]._datastore
    one.hold()
    move(one, datastore, 1, 2, 3)
    move(one, datastore, 4)
    assert both[1].lease(NAME).position() == 4


def test_who_lost_a_lease_moves_nothing(both: tuple[Leases, Leases], migrated: str) -> None:
    one, other = (process.lease(NAME) for process in both)
    one.hold()
    move(one, both[0]._datastore, 1)
    expire(migrated)
    other.hold()
    with pytest.raises(LeaseLost, match="Another process"):
        move(one, both[0]._datastore, 2)
    assert one.hold() is None
    assert other.position() == 1
    move(other, both[1]._datastore, 2)
    assert one.position() == 2


def test_who_never_held_a_lease_moves_nothing(both: tuple[Leases, Leases]) -> None:
    with pytest.raises(LeaseLost):
        move(both[0].lease(NAME), both[0]._datastore, 1)
    assert both[0].lease(NAME).position() == 0


def test_an_entry_that_had_its_effect_has_none_again(both: tuple[Leases, Leases]) -> None:
    one, datastore = both[0].lease(NAME), both[0]._datastore
    one.hold()
    move(one, datastore, 1, 2)
    with pytest.raises(Unavailable, match="stands at position 2, not before 2"):
        move(one, datastore, 2, 3)
    assert one.position() == 2


def test_behind_a_gap_the_follower_looks_again_where_it_stands(both: tuple[Leases, Leases]) -> None:
    one, datastore = both[0].lease(NAME), both[0]._datastore
    one.hold()
    move(one, datastore, 1)
    with pytest.raises(Unavailable, match="stands at position 1, not before 3"):
        move(one, datastore, 3)
    assert one.position() == 1
    move(one, datastore, 2)


def test_the_position_moves_with_the_effect_or_not_at_all(both: tuple[Leases, Leases]) -> None:
    one, datastore = both[0].lease(NAME), both[0]._datastore
    one.hold()

    def torn() -> None:
        with datastore.writing() as c:
            one.move(c, [Entry(1, None, b"")])  # type: ignore[arg-type]
            raise EOFError

    with pytest.raises(EOFError):
        torn()
    assert one.position() == 0


def test_who_is_held_up_in_the_middle_of_an_effect_keeps_nobody_from_taking_over(
    both: tuple[Leases, Leases], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LASTS", 0.2)
    one, other = (process.lease(NAME) for process in both)
    one.hold()

    taken: list[int | None] = []

    def held_up() -> None:
        with both[0]._datastore.writing() as c:
            one.move(c, [Entry(1, None, b"")])  # type: ignore[arg-type]
            eventually(lambda: taken.append(other.hold()) or taken[-1] is not None, "it is taken over")  # type: ignore[func-returns-value]
            one.move(c, [Entry(2, None, b"")])  # type: ignore[arg-type]

    with pytest.raises(Unavailable):
        held_up()
    assert taken[-1] == 2
    assert other.position() == 0
