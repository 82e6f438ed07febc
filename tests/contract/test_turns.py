"""First come, first served: also a writer that never rests lets others in."""

from threading import Barrier, Event, Thread

import pytest

from adapters.store.turns import FirstCome

SOON = 10.0


def wait_for(turns: FirstCome, waiting: int) -> None:
    """Wait until so many stand in line."""
    never = Event()
    for _ in range(int(SOON / 0.001)):
        if len(turns._waiting) == waiting:
            return
        never.wait(0.001)
    pytest.fail(f"{len(turns._waiting)} stand in line, not {waiting}")


def test_turns_are_taken_in_the_order_they_were_asked_for() -> None:
    turns, served, threads = FirstCome(), list[int](), list[Thread]()

    def take_a_turn(number: int) -> None:
        with turns:
            served.append(number)

    with turns:
        for number in range(12):
            threads.append(Thread(target=take_a_turn, args=(number,)))
            threads[-1].start()
            wait_for(turns, number + 1)
        assert served == []
    for thread in threads:
        thread.join(SOON)
    assert served == list(range(12))


def test_who_asks_again_at_once_stands_behind_who_waits() -> None:
    turns, served = FirstCome(), list[str]()

    def wait() -> None:
        with turns:
            served.append("the one that waited")

    with turns:
        served.append("the busy one")
        waiting = Thread(target=wait)
        waiting.start()
        wait_for(turns, 1)
    with turns:
        served.append("the busy one again")
    waiting.join(SOON)
    assert served == ["the busy one", "the one that waited", "the busy one again"]


def test_only_one_has_the_turn() -> None:
    turns, start, inside, seen = FirstCome(), Barrier(8), list[int](), set[int]()

    def work(number: int) -> None:
        start.wait(SOON)
        for _ in range(200):
            with turns:
                inside.append(number)
                seen.add(len(inside))
                inside.pop()

    threads = [Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert (seen, inside) == ({1}, [])
    with turns:
        assert not turns._waiting


def test_a_turn_ends_with_an_exception_too() -> None:
    turns = FirstCome()
    with pytest.raises(ZeroDivisionError), turns:
        raise ZeroDivisionError
    with turns:
        pass
