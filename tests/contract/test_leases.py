"""Leases: of several processes one runs a follower, and whoever was replaced changes nothing any more."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import monotonic

import psycopg
import pytest

from adapters.store import leases
from adapters.store.datastore import Datastore
from adapters.store.leases import Lease, LeaseLost, Leases
from adapters.store.migrate import migrate_postgres
from domain.ports import Entry, Unavailable
from tests.e2e.service import eventually

NAME = "history"


@pytest.fixture
def database(postgres_url: str) -> str:
    """Give the URL of a database with its tables."""
    migrate_postgres(postgres_url)
    return postgres_url


@pytest.fixture
def both(database: str) -> Iterator[tuple[Leases, Leases]]:
    """Give the leases of two processes on one database; none is renewed yet."""
    with ExitStack() as stack:
        first, second = (Leases(stack.enter_context(closing(Datastore(database)))) for _ in range(2))
        first.owner, second.owner = "first:1", "second:2"
        yield first, second


def expire(database: str, name: str = NAME) -> None:
    """Let the time of a lease be over: by the clock of the database, whatever that of the processes shows."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE followers SET expires_at = clock_timestamp() - interval '1 s' WHERE name = %s", (name,)
        )


def seconds_left(database: str) -> float:
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM followers WHERE name = %s", (NAME,)
        ).fetchone()
    assert row is not None
    return float(row[0])


def move(lease: Lease, datastore: Datastore, *positions: int) -> None:
    with datastore.writing() as c:
        lease.move(c, [Entry(position, None, b"") for position in positions])  # type: ignore[arg-type]


def test_one_takes_a_lease_and_the_other_stands_by(both: tuple[Leases, Leases], database: str) -> None:
    one, other = (process.lease(NAME) for process in both)
    assert one.hold() == 1
    assert other.hold() is None
    assert other.hold() is None
    assert one.hold() == 1
    assert 0 < seconds_left(database) <= leases.LASTS
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
    both: tuple[Leases, Leases], database: str
) -> None:
    one, other = (process.lease(NAME) for process in both)
    assert one.hold() == 1
    expire(database)
    assert other.hold() == 2
    assert one.hold() == 1, "it does not know yet"
    one.release()  # what is no more its own
    assert dict(both[0].owners())[NAME] == "second:2"
    assert one.hold() is None


def test_renewing_keeps_a_lease(both: tuple[Leases, Leases], database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED", 0.02)
    lease = both[0].lease(NAME)
    with both[0]:
        lease.hold()
        expire(database)
        eventually(lambda: seconds_left(database) > leases.LASTS / 2, "the lease is renewed")
    assert both[1].lease(NAME).hold() is None


def test_without_renewing_a_lease_ends_by_itself(both: tuple[Leases, Leases], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LASTS", 0.5)
    one, other = (process.lease(NAME) for process in both)
    begin = monotonic()
    one.hold()
    eventually(lambda: other.hold() is not None, "the lease expires")
    assert monotonic() - begin >= 0.5


def test_who_renews_a_lease_that_another_has_knows_then_that_it_is_lost(
    both: tuple[Leases, Leases], database: str
) -> None:
    one, other = (process.lease(NAME) for process in both)
    one.hold()
    expire(database)
    other.hold()
    one.renew()
    assert one.hold() is None
    other.renew()
    assert other.hold() == 2


def test_a_lease_that_nobody_took_is_renewed_after_its_time(both: tuple[Leases, Leases], database: str) -> None:
    one, other = (process.lease(NAME) for process in both)
    one.hold()
    expire(database)
    one.renew()
    assert (one.hold(), other.hold()) == (1, None)


def test_positions_move_without_a_gap_while_the_lease_is_held(both: tuple[Leases, Leases]) -> None:
    one, datastore = both[0].lease(NAME), both[0]._datastore
    one.hold()
    move(one, datastore, 1, 2, 3)
    move(one, datastore, 4)
    assert both[1].lease(NAME).position() == 4


def test_who_lost_a_lease_moves_nothing(both: tuple[Leases, Leases], database: str) -> None:
    one, other = (process.lease(NAME) for process in both)
    one.hold()
    move(one, both[0]._datastore, 1)
    expire(database)
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


def test_an_entry_that_had_its_effect_has_none_again(
    both: tuple[Leases, Leases],
) -> None:
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
