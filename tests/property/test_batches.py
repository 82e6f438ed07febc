"""Many commands in one commit do what they do one by one, and each user is alone."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.store.memory import MemoryLog, environment
from domain.commands import Command, CreateGroup
from domain.limits import Limits, Policy
from domain.outcomes import Outcome
from domain.service import ConversationGroups
from domain.submission import Reply, Submission
from domain.values import stream_id
from tests.property import commands as any_of
from tests.property.test_any_commands import EVERY_TIME
from tests.unit.domain.scenario import change_of

GROUPS = {1: "A", 2: "B", 3: "Suppliers"}
USERS = [(1, "alice"), (1, "bob"), (2, "alice")]

submissions = st.builds(
    lambda user, command, key: Submission(sdk_app_id=user[0], user_id=user[1], command=command, actor=user[1], key=key),
    st.sampled_from(USERS),
    any_of.a_command(GROUPS, 3),
    st.sampled_from([None, None, "k1", "k2"]),
)


def service(limits: Limits) -> ConversationGroups:
    """Give a service in which each user begins with the three groups, as far as the limits allow."""
    now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    made = ConversationGroups(environment(), policy_of=lambda _: Policy(limits), clock=lambda: now)
    for sdk_app_id, user_id in USERS:
        groups = [CreateGroup(group_name=name) for name in GROUPS.values()]
        made.handle([Submission(sdk_app_id=sdk_app_id, user_id=user_id, command=c, actor="x") for c in groups])
    return made


def told(reply: Reply) -> object:
    """Give a reply without the event IDs, which are new each time."""
    if not isinstance(reply.result, Outcome):
        return type(reply.result), reply.result.args, reply.replayed
    events = [(event.type, event.revision) for event in reply.result.events]
    return replace(reply.result, events=()), events, reply.replayed


def log_of(service: ConversationGroups) -> dict[UUID, list[object]]:
    """Give each user's events; between users a batch has no order."""
    entries = MemoryLog(service.recorder).read(0, 100_000)  # type: ignore[arg-type]
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    found: defaultdict[UUID, list[object]] = defaultdict(list)
    for entry in entries:
        found[entry.event.originator_id].append((entry.event.revision, change_of(entry.event)))
    return found


@settings(EVERY_TIME, max_examples=100)
@given(
    sent=st.lists(submissions, min_size=2, max_size=25),
    sizes=st.lists(st.integers(1, 9), min_size=1),
    limits=any_of.limits,
)
def test_commands_in_batches_answer_and_record_what_they_do_one_by_one(
    sent: list[Submission], sizes: list[int], limits: Limits
) -> None:
    one_by_one, in_batches = service(limits), service(limits)
    alone = [told(one_by_one.handle([submission])[0]) for submission in sent]
    together: list[object] = []
    rest, turn = list(sent), 0
    while rest:
        batch, rest = rest[: sizes[turn % len(sizes)]], rest[sizes[turn % len(sizes)] :]
        together += map(told, in_batches.handle(batch))
        turn += 1
    assert together == alone
    assert log_of(in_batches) == log_of(one_by_one)


@settings(EVERY_TIME, max_examples=100)
@given(sent=st.lists(submissions, min_size=2, max_size=25))
def test_no_user_sees_what_another_one_does(sent: list[Submission]) -> None:
    everybody, alice_alone = service(Limits()), service(Limits())
    replies = everybody.handle(sent)
    of_alice = [s for s in sent if (s.sdk_app_id, s.user_id) == USERS[0]]
    expected = [told(reply) for reply in alice_alone.handle(of_alice)]
    assert [told(r) for s, r in zip(sent, replies, strict=True) if s in of_alice] == expected
    alice = stream_id(*USERS[0])
    assert repr(everybody.state_of(alice)) == repr(alice_alone.state_of(alice))


@settings(EVERY_TIME, max_examples=100)
@given(sent=st.lists(any_of.a_command(GROUPS, 3), min_size=3, max_size=15), last=any_of.a_command(GROUPS, 3))
def test_a_dry_run_tells_what_the_command_then_does(sent: list[Command], last: Command) -> None:
    groups = service(Limits(conversations=5, overflow="evict-oldest"))
    groups.handle([Submission(sdk_app_id=1, user_id="alice", command=c, actor="alice") for c in sent])
    submission = Submission(sdk_app_id=1, user_id="alice", command=last, actor="alice")
    before = log_of(groups)
    try:
        told_before: object = told(Reply(groups.dry_run(submission)))
    except Exception as refusal:  # noqa: BLE001 - whatever it raises is compared with what the command meets
        told_before = (type(refusal), refusal.args, False)
    assert log_of(groups) == before
    assert told_before == told(groups.handle([submission])[0])
