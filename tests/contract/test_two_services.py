"""Two services on one store: each goes on from what the log has, whatever it remembers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from uuid import UUID

import pytest

from domain.commands import AddConversations, CreateGroup, DeleteGroup, RenameGroup
from domain.limits import Policy
from domain.outcomes import Outcome
from domain.ports import Key, Unavailable
from domain.refusals import GroupNameTaken, GroupNotFound, Refusal, RevisionConflict
from domain.values import stream_id
from tests.contract.stores import ALICE, APP, BOB, Store, submission
from tests.contract.test_event_log import stored
from tests.contract.watch import watch

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca",))


def add(n: object) -> AddConversations:
    return AddConversations(group_name="One", conversation_ids=(f"C2C{n}",))


def revisions(store: Store, stream: UUID = ALICE) -> list[int]:
    return [entry.event.revision for entry in store.log.read_user(stream, 0)]


def reads_of(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[dict[UUID, int]]:
    """Give a list that grows by what is asked with each reading of newer events."""
    asked: list[dict[UUID, int]] = []
    watch(store, monkeypatch, "newer", before=lambda known: asked.append(dict(known)))
    return asked


def test_in_turn_on_one_user_no_update_is_lost_and_no_revision_missing(store: Store, other: Store) -> None:
    store.outcome(ONE)
    outcomes = [(store if n % 2 else other).outcome(add(n)) for n in range(10)]
    assert [outcome.revision for outcome in outcomes] == list(range(3, 13))
    assert revisions(store) == list(range(1, 13))
    assert [entry.position for entry in store.entries()] == list(range(1, 13))
    for service in (store, other):
        assert list(service.groups.state_of(ALICE).groups[1].joined) == ["C2Ca", *(f"C2C{n}" for n in range(10))]


def test_at_once_on_the_same_users_no_update_is_lost_and_no_revision_missing(store: Store, other: Store) -> None:
    users, each = ("alice", "bob"), 15
    store.groups.handle([submission(ONE, user) for user in users])
    start = Barrier(4)

    def work(number: int) -> list[Outcome]:
        service = (store, other)[number % 2]
        start.wait(10)
        batches = [[submission(add(f"{number}-{n}-{user}"), user) for user in users] for n in range(each)]
        replies = [reply.result for batch in batches for reply in service.groups.handle(batch)]
        return [result for result in replies if isinstance(result, Outcome)]

    with ThreadPoolExecutor(4) as pool:
        outcomes = [outcome for done in pool.map(work, range(4)) for outcome in done]
    assert len(outcomes) == 4 * each * len(users)
    for user in users:
        stream = stream_id(APP, user)
        assert revisions(store, stream) == list(range(1, 2 + 4 * each + 1))
        for service in (store, other):
            assert len(service.groups.state_of(stream).groups[1].joined) == 1 + 4 * each
    assert [entry.position for entry in store.entries()] == list(range(1, store.log.head() + 1))


def test_a_refusal_that_reads_the_state_reads_the_one_that_the_other_left(store: Store, other: Store) -> None:
    store.send(ONE)
    other.send(RenameGroup(group_name="One", new_name="Two"))
    assert isinstance(store.refusal(DeleteGroup(group_name="One")), GroupNotFound)
    store.send(CreateGroup(group_name="Three"))
    assert isinstance(other.refusal(RenameGroup(group_name="Two", new_name="Three")), GroupNameTaken)
    conflict = store.refusal(CreateGroup(group_name="Four", expected_revision=2))
    assert isinstance(conflict, RevisionConflict)
    assert store.log.revision(ALICE) == 4


def test_a_command_that_the_other_made_pointless_records_nothing(store: Store, other: Store) -> None:
    store.send(ONE)
    other.send(add("b"))
    assert [item.outcome for item in store.outcome(add("b")).items] == ["already"]
    assert store.log.head() == 3


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.groups.dry_run(submission(add("z"))).revision - 1,
        lambda store: store.groups.state_of(ALICE).revision,
        lambda store: store.groups.states_of([ALICE])[ALICE].revision,
    ],
    ids=["a dry run", "the state of a user", "the states of some"],
)
def test_what_only_asks_sees_what_the_other_did(store: Store, other: Store, ask: Callable[[Store], int]) -> None:
    store.send(ONE)
    for n in range(3):
        other.send(add(n))
        assert (ask(store), ask(other)) == (3 + n, 3 + n)
    assert store.log.head() == 5


def test_a_user_who_is_remembered_is_brought_forward_by_the_newer_events_alone(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.groups.handle([submission(ONE, user) for user in ("alice", "bob")])
    other.send(add("b"), add("c"))
    asked = reads_of(store, monkeypatch)
    store.groups.handle([submission(add("d"), user) for user in ("alice", "bob")])
    assert asked == [{ALICE: 2}]
    store.groups.handle([submission(add("e"), user) for user in ("alice", "bob")])
    assert asked == [{ALICE: 2}]
    assert (revisions(store), revisions(store, BOB)) == (list(range(1, 7)), [1, 2, 3, 4])


def test_twins_of_one_key_in_two_services_are_carried_out_once(store: Store, other: Store) -> None:
    first = store.outcome(ONE, key="k")
    (twin,) = other.send(ONE, key="k")
    assert (twin.result, twin.replayed) == (first, True)
    other.send(add("b"))
    (again,) = store.send(ONE, key="k")
    assert (again.result, again.replayed) == (first, True)
    refused = store.refusal(DeleteGroup(group_name="Nowhere"), key="r")
    (twin,) = other.send(DeleteGroup(group_name="Nowhere"), key="r")
    assert isinstance(twin.result, Refusal)
    assert (twin.result.args, twin.replayed) == (refused.args, True)
    assert store.log.head() == 3


def test_twins_of_one_key_at_once_in_two_services_are_carried_out_once(store: Store, other: Store) -> None:
    for round_ in range(10):
        start = Barrier(4)

        def send(number: int, key: str = f"k{round_}", start: Barrier = start) -> tuple[object, bool]:
            start.wait(10)
            (reply,) = (store, other)[number % 2].send(CreateGroup(group_name=key), key=key)
            return reply

        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(send, range(4)))
        assert sorted(replayed for _, replayed in replies) == [False, True, True, True]
        assert len({repr(result) for result, _ in replies}) == 1
    assert store.log.head() == 10


def test_a_key_that_was_used_leaves_the_others_of_its_batch_to_be_recorded(store: Store, other: Store) -> None:
    first = other.outcome(ONE, key="k")
    replies = store.groups.handle([submission(ONE, "bob"), submission(ONE, key="k"), submission(add("b"), key="l")])
    assert [reply.replayed for reply in replies] == [False, True, False]
    assert replies[1].result == first
    assert (revisions(store), revisions(store, BOB)) == ([1, 2, 3], [1, 2])
    assert set(store.kept([Key(APP, "alice", "k"), Key(APP, "alice", "l")])) == {
        Key(APP, "alice", "k"),
        Key(APP, "alice", "l"),
    }


def test_a_log_that_was_put_back_behind_what_is_remembered_is_gone_on_from(store: Store, other: Store) -> None:
    """The service remembers revisions that the log, an older state of it, does not have."""
    store.groups.handle([submission(ONE, user) for user in ("alice", "bob")])
    other.send(add("b"))
    ahead = {stream: other.groups.state_of(stream) for stream in (ALICE, BOB)}
    for stream, remembered in ahead.items():
        store.groups._states.put([(stream, remembered._replace(revision=remembered.revision + 7))])
    outcomes = [reply.result for reply in store.groups.handle([submission(add("z"), u) for u in ("alice", "bob")])]
    assert [outcome.revision for outcome in outcomes if isinstance(outcome, Outcome)] == [4, 3]
    assert list(store.groups.state_of(ALICE).groups[1].joined) == ["C2Ca", "C2Cb", "C2Cz"]
    assert (revisions(store), revisions(store, BOB)) == ([1, 2, 3, 4], [1, 2, 3])


def test_a_command_that_others_always_forestall_is_given_up_and_not_done(store: Store) -> None:
    revisions_of_others = count(1)

    def policy_while_another_process_writes(_: int) -> Policy:
        store.recorder.insert_events([stored(next(revisions_of_others))])
        return Policy()

    store.groups.policy_of = policy_while_another_process_writes
    with pytest.raises(Unavailable, match="Other processes wrote"):
        store.send(ONE, key="k")
    assert {entry.event.command_id for entry in store.entries()} == {UUID(int=7)}
    assert store.kept([Key(APP, "alice", "k")]) == {}
    store.groups.policy_of = lambda _: Policy()
    assert store.outcome(AddConversations(group_name="G1", conversation_ids=("C2Ca",)), key="k").events
