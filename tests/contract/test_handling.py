"""`ConversationGroups.handle`: many commands in one commit, each answered for itself."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.store.memory import environment
from domain.commands import AddConversations, CreateGroup, DeleteGroup, RenameGroup
from domain.limits import Limits, Policy
from domain.outcomes import Outcome
from domain.refusals import GroupNotFound, MalformedUserID, PackageMissing, TooManyGroups
from domain.service import ConversationGroups
from domain.submission import Submission
from domain.values import stream_id
from tests.contract.stores import ALICE, APP, BOB, Clock, Store, submission

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca",))
ADD = AddConversations(group_name="One", conversation_ids=("C2Cb",))
MISSING = DeleteGroup(group_name="Nowhere")


def test_each_command_of_a_batch_sees_what_those_before_it_did(store: Store) -> None:
    replies = store.send(ONE, ADD, RenameGroup(group_name="One", new_name="Two"), ADD)
    results = [reply.result for reply in replies]
    assert [r.revision for r in results if isinstance(r, Outcome)] == [2, 3, 4]
    assert isinstance(results[3], GroupNotFound)
    assert [event.revision for event in store.events()] == [1, 2, 3, 4]
    assert not any(reply.replayed for reply in replies)


def test_a_refused_command_disturbs_none_of_its_batch(store: Store) -> None:
    replies = store.send(MISSING, ONE, MISSING, ADD)
    assert [isinstance(reply.result, Outcome) for reply in replies] == [False, True, False, True]
    assert [event.revision for event in store.events()] == [1, 2, 3]


def test_an_empty_batch_and_one_that_changes_nothing_record_nothing(store: Store) -> None:
    assert store.groups.handle([]) == []
    store.send(ONE)
    store.send(ONE, MISSING)
    assert store.log.head() == 2


def test_what_was_recorded_is_the_state(store: Store) -> None:
    store.send(ONE, ADD)
    assert list(store.groups.state_of(ALICE).groups[1].joined) == ["C2Ca", "C2Cb"]
    assert store.groups.state_of(BOB).revision == 0


def test_users_and_apps_are_apart(store: Store) -> None:
    others = [submission(ONE, "bob"), submission(ONE, "alice", app=2), submission(ADD, "alice")]
    results = [reply.result for reply in store.groups.handle([*others, submission(ONE)])]
    assert [isinstance(result, Outcome) for result in results] == [True, True, False, True]
    assert {(e.sdk_app_id, e.user_id) for e in store.events()} == {(APP, "bob"), (2, "alice"), (APP, "alice")}
    assert store.groups.state_of(stream_id(2, "alice")).revision == 2


def test_limits_and_package_are_the_apps_own(store: Store) -> None:
    store.policies |= {2: Policy(Limits(groups=1)), 3: Policy(entitled=False)}
    two = CreateGroup(group_name="Two")
    replies = store.groups.handle([submission(c, app=app) for app in (APP, 2, 3) for c in (ONE, two)])
    assert [type(reply.result) for reply in replies] == [*3 * [Outcome], TooManyGroups, *2 * [PackageMissing]]


def test_a_malformed_user_id_makes_no_submission() -> None:
    for user_id in ("", "a/b", "x" * 65, "a\x00", "\ud800"):
        with pytest.raises(MalformedUserID):
            Submission(sdk_app_id=APP, user_id=user_id, command=ONE, actor="alice")


def test_an_event_says_who_on_which_device_when_and_by_which_command(store: Store, clock: Clock) -> None:
    sent = Submission(
        sdk_app_id=APP,
        user_id="alice",
        command=ONE,
        actor="administrator",
        device="desk",
        correlation_id="order-7",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    store.groups.handle([sent, submission(ADD)])
    created, added, last = store.events()
    assert (created.actor, created.device, created.correlation_id) == ("administrator", "desk", "order-7")
    assert (created.traceparent, created.command, created.recorded_at) == (sent.traceparent, "CreateGroup", clock.now)
    assert created.command_id == created.causation_id == added.command_id
    assert last.command_id != created.command_id
    assert (last.correlation_id, last.traceparent, last.command) == (str(last.command_id), None, "AddConversations")
    assert len({event.event_id for event in (created, added, last)}) == 3


def test_time_never_goes_back_for_a_user(store: Store, clock: Clock) -> None:
    noon = clock.now
    store.send(ONE)
    clock.go_on(timedelta(hours=-1))
    store.send(ADD)
    store.send(ONE, user="bob")
    clock.go_on(timedelta(hours=2))
    store.send(MISSING, RenameGroup(group_name="One", new_name="Two"))
    hours = [(event.user_id, (event.recorded_at - noon) / timedelta(hours=1)) for event in store.events()]
    assert hours == [("alice", 0), ("alice", 0), ("alice", 0), ("bob", -1), ("bob", -1), ("alice", 1)]


def test_a_service_without_a_clock_of_its_own_takes_the_time_of_the_machine_in_utc() -> None:
    with ConversationGroups(environment()) as groups:
        before = datetime.now(UTC)
        groups.handle([submission(ONE)])
        at = groups.state_of(ALICE).recorded_at
    assert before <= at <= datetime.now(UTC)
    assert at.utcoffset() == timedelta(0)


def test_who_listens_hears_of_each_commit_how_many_events_it_recorded(store: Store) -> None:
    heard: list[int] = []
    store.groups.listeners.append(heard.append)
    store.send(ONE, ADD)
    store.send(MISSING)
    store.send(MISSING, key="which is kept, in a commit without events")
    store.send(RenameGroup(group_name="One", new_name="Two"))
    assert heard == [3, 1]


def test_a_dry_run_tells_and_does_nothing(store: Store) -> None:
    told = store.groups.dry_run(submission(ONE))
    assert store.log.head() == 0
    done = store.outcome(ONE)
    assert [event.event_id for event in told.events] == [None, None]
    assert told == replace(done, events=told.events)
    assert [(e.type, e.revision) for e in told.events] == [(e.type, e.revision) for e in done.events]


def test_a_dry_run_raises_the_refusal_that_the_command_would_meet(store: Store) -> None:
    with pytest.raises(GroupNotFound):
        store.groups.dry_run(submission(MISSING))


def test_threads_that_send_at_once_never_leave_a_gap(store: Store) -> None:
    store.send(CreateGroup(group_name="One"))

    def add(n: int) -> Outcome:
        return store.outcome(AddConversations(group_id=1, conversation_ids=(f"C2C{n}",)))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(add, range(64)))
    assert sorted(outcome.revision for outcome in outcomes) == list(range(2, 66))
    assert [event.revision for event in store.events()] == list(range(1, 66))
    assert len(store.groups.state_of(ALICE).groups[1].joined) == 64
