"""Whatever was done, a snapshot gives the groups that it was taken of, and what follows is the same."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import Command, CreateGroup
from domain.decide import Decision, decide
from domain.events import Event, Stamp
from domain.groups import UserConversationGroups, replay
from domain.limits import Limits, Policy
from domain.refusals import Refusal
from domain.snapshot import from_snapshot, to_snapshot
from tests.property import commands as any_of
from tests.property.test_any_commands import EVERY_TIME
from tests.unit.domain.scenario import STAMP, change_of

GROUPS = {1: "A", 2: "B", 3: "Suppliers"}


def decided(state: UserConversationGroups, command: Command, limits: Limits) -> Decision | Refusal:
    stamp: Stamp = {**STAMP, "recorded_at": STAMP["recorded_at"] + timedelta(microseconds=state.revision)}
    try:
        return decide(state, command, Policy(limits), stamp)
    except Refusal as refusal:
        return refusal


def told(decision: Decision | Refusal) -> object:
    if isinstance(decision, Refusal):
        return type(decision), decision.args
    return decision.outcome.items, decision.outcome.evicted, [change_of(event) for event in decision.events]


@settings(EVERY_TIME, max_examples=200)
@given(sent=st.lists(any_of.a_command(GROUPS, 3), max_size=25), limits=any_of.limits)
def test_from_a_snapshot_on_everything_is_as_it_was(sent: list[Command], limits: Limits) -> None:
    state = again = UserConversationGroups()
    events: list[Event] = []
    for command in [*(CreateGroup(group_name=name) for name in GROUPS.values()), *sent]:
        decision, other = decided(state, command, limits), decided(again, command, limits)
        assert told(other) == told(decision)
        if isinstance(decision, Decision):
            state = decision.state
            events += decision.events
        taken = from_snapshot(to_snapshot(state))
        assert taken == state
        assert taken is not None
        assert [list(group.joined) for group in taken.groups.values()] == [
            list(group.joined) for group in state.groups.values()
        ]
        assert list(taken.groups) == list(state.groups)
        assert to_snapshot(taken) == to_snapshot(state)
        again = taken
    assert again == replay(None, events)


@settings(EVERY_TIME)
@given(st.binary(max_size=60) | st.text().map(str.encode))
def test_what_is_no_snapshot_gives_nothing(content: bytes) -> None:
    assert from_snapshot(content) is None
