"""Any sequence of commands: the code beside the model, step by step, and the view beside both."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.commands import Command, CreateGroup
from domain.decide import Decision, decide
from domain.events import BaseEvent, Event
from domain.groups import UserConversationGroups, replay
from domain.limits import Limits, Policy
from domain.refusals import Refusal
from projections.group_lists import UserGroupLists
from tests.property import commands as any_of
from tests.property.model import Answer, Model
from tests.unit.domain.scenario import STAMP


class GroupsMachine(RuleBasedStateMachine):
    """One user's life under limits that may change at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.state = UserConversationGroups()
        self.events: list[Event] = []
        self.limits = Limits()
        self.view = UserGroupLists()

    @initialize(groups=st.lists(any_of.conversation_ids, max_size=5), limits=any_of.limits)
    def begin_with_some_groups(self, groups: list[tuple[str, ...]], limits: Limits) -> None:
        for name, ids in zip(any_of.GOOD_NAMES, groups, strict=False):
            self.carry_out(CreateGroup(group_name=name, conversation_ids=ids), entitled=True)
        self.limits = limits

    @rule(limits=any_of.limits)
    def change_the_limits(self, limits: Limits) -> None:
        self.limits = limits

    @rule(data=st.data(), entitled=st.sampled_from([*14 * [True], False]))
    def send(self, data: st.DataObject, *, entitled: bool) -> None:
        self.carry_out(data.draw(any_of.a_command(self.model.names, self.model.revision)), entitled=entitled)

    @rule(data=st.data(), count=st.integers(2, 6))
    def send_some(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            self.carry_out(data.draw(any_of.a_command(self.model.names, self.model.revision)), entitled=True)

    @rule(batches=st.lists(st.integers(1, 7), min_size=1, max_size=3))
    def let_the_view_take_some(self, batches: list[int]) -> None:
        """Apply as a follower does: each batch begins with the groups and no memberships, and keeps what changed."""
        for size in batches:
            begun = UserGroupLists(self.view.revision, dict(self.view.groups))
            for event in self.events[begun.revision : begun.revision + size]:
                begun.apply(event)
            changes = begun.changes
            groups = {gid: row for gid, row in self.view.groups.items() if gid not in changes.groups_deleted}
            groups |= {gid: begun.groups[gid] for gid in changes.groups_made | changes.groups_changed}
            assert groups == begun.groups
            assert changes.groups_made.isdisjoint(self.view.groups)
            assert changes.groups_deleted <= self.view.groups.keys()
            assert changes.left <= self.view.memberships.keys()
            stayed = {key: joined for key, joined in self.view.memberships.items() if key not in changes.left}
            assert begun.memberships.keys().isdisjoint(stayed)
            self.view = UserGroupLists(begun.revision, groups, {**stayed, **begun.memberships})

    def carry_out(self, command: Command, *, entitled: bool) -> None:
        expected = self.model.carry_out(json.loads(command.to_json()), self.limits.model_dump(), entitled=entitled)
        assert self.answer_to(command, entitled=entitled) == expected

    def answer_to(self, command: Command, *, entitled: bool) -> Answer:
        try:
            decision = decide(self.state, command, Policy(self.limits, entitled=entitled), STAMP)
        except Refusal as refusal:
            return {"refused": type(refusal).__name__}
        assert repr(decision.state) == repr(replay(self.state, decision.events))
        assert [type(event).model_validate_json(event.to_json()) for event in decision.events] == list(decision.events)
        self.state = decision.state
        self.events += decision.events
        return answer_of(decision)

    @invariant()
    def the_groups_are_those_of_the_model(self) -> None:
        assert lists_of(self.state) == self.model.lists()
        assert groups_of(self.state) == self.model.groups_of()
        assert sorted(self.state.groups_of, key=self.state.age) == self.model.grouped()
        assert (self.state.revision, self.state.last_group_id) == (self.model.revision, self.model.ids_used)

    @invariant()
    def the_recorded_events_make_the_same_groups(self) -> None:
        assert [event.revision for event in self.events] == list(range(1, len(self.events) + 1))
        assert repr(replay(None, self.events)) == repr(self.state)

    @invariant()
    def the_view_with_what_it_has_not_seen_says_the_same(self) -> None:
        view = UserGroupLists(self.view.revision, dict(self.view.groups), dict(self.view.memberships))
        for event in self.events[view.revision :]:
            view.apply(event)
        assert view.revision == self.state.revision
        listed = [(gid, row.name, [c for c, _ in view.members(gid)]) for gid, row in view.listed()]
        assert listed == self.model.lists()
        assert [row.conversation_count for _, row in view.listed()] == [len(ids) for _, _, ids in listed]
        names = {c: [self.model.names[group_id] for group_id in ids] for c, ids in self.model.groups_of().items()}
        assert view.group_names() == names
        assert [(group_id, c) for c, group_id, _ in view.joins()] == self.model.memberships


def answer_of(decision: Decision) -> Answer:
    """Tell a decision as the model does."""
    outcome = decision.outcome
    recorded = [recorded_of(event) for event in decision.events]
    assert [event.TOPIC for event in decision.events] == [event.type for event in outcome.events]
    return {
        "groupID": outcome.group_id,
        "groupName": outcome.group_name,
        "items": [(i.conversation_id, i.code if i.outcome == "refused" else i.outcome) for i in outcome.items],
        "evicted": list(outcome.evicted),
        "revision": outcome.revision,
        "recorded": recorded,
    }


def recorded_of(event: Event) -> tuple[Any, ...]:
    data = {name: value for name, value in vars(event).items() if name not in BaseEvent.model_fields}
    kind = event.TOPIC.removeprefix("conversation-groups.").removesuffix(".v1")
    first = (kind, data.pop("group_id"), data.pop("group_name"))
    return (*first, *(list(value) if isinstance(value, tuple) else value for value in data.values()))


def lists_of(state: UserConversationGroups) -> list[tuple[int, str, list[str]]]:
    return [(key, group.name, list(group.joined)) for key, group in state.groups.items()]


def groups_of(state: UserConversationGroups) -> dict[str, list[int]]:
    return {conversation_id: list(groups) for conversation_id, groups in state.groups_of.items()}
