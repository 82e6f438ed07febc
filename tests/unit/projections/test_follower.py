"""The loop that all followers share: every entry takes effect once, in order, whatever happens in between."""

from collections.abc import Sequence

import pytest

from domain.ports import Entry, Unavailable
from projections.follower import Follower, SharedReads
from tests.unit.domain.changes import created
from tests.unit.projections.recorded import ListLog, Taken, entries_of


def ten() -> list[Entry]:
    return entries_of(*(created(n, f"G{n}") for n in range(1, 11)))


def test_a_step_handles_the_next_batch_and_tells_its_size() -> None:
    log, taken = ListLog(ten()), Taken()
    follower = Follower("view", log, taken, batch_size=4)
    assert [(follower.step(), follower.position) for _ in range(4)] == [(4, 40), (4, 80), (2, 100), (0, 100)]
    assert taken.positions == [entry.position for entry in log.entries]
    assert taken.batches == [4, 4, 2]


def test_before_its_first_step_it_knows_its_name_and_no_position() -> None:
    follower = Follower("view", ListLog([]), Taken())
    assert (follower.name, follower.position) == ("view", None)


def test_an_empty_log_has_nothing_to_handle() -> None:
    taken = Taken()
    follower = Follower("view", ListLog([]), taken)
    assert (follower.step(), follower.position, taken.batches) == (0, 0, [])


def test_it_begins_where_the_effect_stands() -> None:
    taken = Taken(positions=[10, 20, 30])
    assert Follower("view", ListLog(ten()), taken, batch_size=5).step() == 5
    assert taken.positions == [10, 20, 30, 40, 50, 60, 70, 80]


def test_it_asks_the_effect_once_and_then_knows() -> None:
    taken = Taken()
    follower = Follower("view", ListLog(ten()), taken, batch_size=2)
    for _ in range(5):
        follower.step()
    assert taken.asked == 1


def test_catching_up_steps_until_the_head_and_tells_how_many() -> None:
    log, taken = ListLog(ten()), Taken()
    follower = Follower("view", log, taken, batch_size=3)
    assert follower.catch_up() == 10
    assert taken.batches == [3, 3, 3, 1]
    assert follower.catch_up() == 0
    assert log.reads == 6


def test_what_is_written_later_is_handled_later() -> None:
    log, taken = ListLog(ten()[:3]), Taken()
    follower = Follower("view", log, taken)
    assert follower.catch_up() == 3
    log.entries = ten()
    assert follower.catch_up() == 7
    assert taken.batches == [3, 7]


def test_after_a_batch_that_took_no_effect_the_same_batch_comes_again() -> None:
    taken = Taken(fail_before=Unavailable("the database is away"))
    follower = Follower("view", ListLog(ten()), taken, batch_size=4)
    with pytest.raises(Unavailable):
        follower.step()
    assert follower.position is None
    assert follower.catch_up() == 10
    assert taken.positions == [entry.position for entry in ten()]


def test_a_batch_that_took_effect_and_failed_to_say_so_never_comes_again() -> None:
    """The commit succeeded, its acknowledgement was lost."""
    taken = Taken(fail_after=Unavailable("the connection broke"))
    follower = Follower("view", ListLog(ten()), taken, batch_size=4)
    with pytest.raises(Unavailable):
        follower.step()
    assert follower.position is None
    assert follower.catch_up() == 6
    assert taken.positions == [entry.position for entry in ten()]
    assert taken.asked == 2


def test_a_failure_in_mid_course_asks_the_effect_again() -> None:
    taken = Taken()
    follower = Follower("view", ListLog(ten()), taken, batch_size=4)
    follower.step()
    taken.fail_after = ValueError("a row that cannot be")
    with pytest.raises(ValueError, match="a row that cannot be"):
        follower.step()
    assert follower.step() == 2
    assert taken.positions == [entry.position for entry in ten()]


def test_a_log_that_is_away_changes_nothing() -> None:
    class AwayLog(ListLog):
        def read(self, after: int, limit: int) -> list[Entry]:
            raise Unavailable("the log is away")

    taken = Taken(positions=[10])
    follower = Follower("view", AwayLog(ten()), taken)
    with pytest.raises(Unavailable, match="the log is away"):
        follower.catch_up()
    assert (follower.position, taken.positions) == (None, [10])


def test_an_effect_that_is_away_is_not_guessed_at() -> None:
    class AwayEffect(Taken):
        def checkpoint(self) -> int:
            raise Unavailable("the view is away")

    log = ListLog(ten())
    with pytest.raises(Unavailable, match="the view is away"):
        Follower("view", log, AwayEffect()).step()
    assert log.reads == 0


def positions(entries: Sequence[Entry]) -> list[int]:
    return [entry.position for entry in entries]


def test_what_was_read_last_is_shared_by_those_who_stand_close() -> None:
    log = ListLog(ten())
    shared = SharedReads(log)
    assert positions(shared.read(0, 4)) == [10, 20, 30, 40]
    assert [positions(shared.read(after, 2)) for after in (0, 10, 30)] == [[10, 20], [20, 30], [40]]
    assert log.reads == 1
    assert positions(shared.read(40, 9)) == [50, 60, 70, 80, 90, 100]
    assert [positions(shared.read(after, 3)) for after in (40, 90)] == [[50, 60, 70], [100]]
    assert log.reads == 2
    assert positions(shared.read(20, 3)) == [30, 40, 50], "who is far behind reads"
    assert log.reads == 3


def test_what_was_read_is_remembered_for_a_moment_only() -> None:
    log, now = ListLog(ten()), [100.0]
    shared = SharedReads(log, clock=lambda: now[0])
    shared.read(0, 4)
    now[0] += 0.99
    assert positions(shared.read(10, 2)) == [20, 30]
    assert log.reads == 1
    now[0] += 0.01
    assert positions(shared.read(10, 2)) == [20, 30]
    assert log.reads == 2


def test_the_head_is_looked_at_again_and_again() -> None:
    log = ListLog(ten()[:2])
    shared = SharedReads(log)
    assert [positions(shared.read(after, 9)) for after in (0, 20, 20)] == [[10, 20], [], []]
    log.entries += ten()[2:3]
    assert positions(shared.read(20, 9)) == [30]
    assert log.reads == 4
