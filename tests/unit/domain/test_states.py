"""The groups that a service remembers: bounded, the longest unused leave first, and many threads may ask."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest

from domain.groups import Group, UserConversationGroups
from domain.states import States

ALICE, BOB, CAROL, DAVE = (UUID(int=n) for n in range(1, 5))


def state(groups: int = 0, members: int = 0, revision: int = 1) -> UserConversationGroups:
    """Give a state of the size 1 + groups + members, with every member in every group."""
    joined = {f"C2C{n}": n for n in range(members)}
    made = {n: Group(n, f"G{n}", dict(joined)) for n in range(1, groups + 1)}
    return UserConversationGroups(revision, groups=made, groups_of=dict.fromkeys(joined, tuple(made)))


def kept(states: States, *streams: UUID) -> list[UUID]:
    return list(states.get(streams or (ALICE, BOB, CAROL, DAVE)))


def test_what_was_put_is_found_and_nothing_else() -> None:
    states = States(10)
    one, other = state(revision=3), state(revision=4)
    assert states.get([ALICE]) == {}
    states.put([(ALICE, one), (BOB, other)])
    found = states.get([BOB, CAROL, ALICE])
    assert (found[ALICE] is one, found[BOB] is other, len(found)) == (True, True, 2)
    assert states.get([]) == {}


def test_what_is_put_again_takes_the_place_of_what_was_there() -> None:
    states = States(6)
    for revision in range(1, 50):
        states.put([(ALICE, state(1, 1, revision))])
    assert states.get([ALICE])[ALICE].revision == 49
    states.put([(BOB, state(1, 1))])
    assert kept(states) == [ALICE, BOB]


def test_those_that_were_used_the_longest_ago_leave_first() -> None:
    states = States(3)
    states.put((stream, state()) for stream in (ALICE, BOB, CAROL))
    states.put([(ALICE, state())])
    states.put([(DAVE, state())])
    assert kept(states) == [ALICE, CAROL, DAVE]


@pytest.mark.parametrize(
    ("size", "left"), [(6, [CAROL]), (7, [BOB, CAROL]), (9, [BOB, CAROL]), (10, [ALICE, BOB, CAROL])]
)
def test_the_size_counts_users_groups_and_conversations(size: int, left: list[UUID]) -> None:
    states = States(size)
    states.put([(ALICE, state(1, 1)), (BOB, state())])
    states.put([(CAROL, state(2, 3))])
    assert kept(states) == left


def test_what_is_larger_than_all_the_room_is_not_kept_and_takes_no_room() -> None:
    states = States(5)
    states.put([(ALICE, state(2, 5))])
    assert kept(states) == []
    states.put([(BOB, state(1, 3))])
    assert kept(states) == [BOB]
    states.put([(BOB, state(9, 9))])
    states.put([(CAROL, state(1, 3))])
    assert kept(states) == [CAROL]


def test_with_no_room_nothing_is_kept() -> None:
    states = States(0)
    states.put([(ALICE, state())])
    assert kept(states) == []


def test_many_threads_get_whole_states_and_the_size_holds() -> None:
    size, threads, rounds = 40, 8, 400
    states = States(size)
    start = Barrier(threads)

    def work(number: int) -> None:
        start.wait(10)
        for n in range(rounds):
            stream = UUID(int=(number * 7 + n) % 13 + 1)
            states.put([(stream, state(n % 4, n % 3, revision=stream.int)), (ALICE, state(revision=1))])
            for found, one in states.get(UUID(int=k) for k in range(1, 14)).items():
                assert one.revision == found.int

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result(30)
    left = states.get(UUID(int=k) for k in range(1, 14))
    used = sum(1 + len(one.groups) + len(one.groups_of) for one in left.values())
    assert 0 < used <= size
    assert states._room == size - used
