"""Given what happened, when a command comes, then this is recorded: tests of the aggregate as sentences.

A `Change` is an event without who, when and by which command. Whatever a test looks at, each decision is also checked
for what holds of all: revisions without a gap, the answer names what was recorded, and replay gives the state again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.commands import BaseCommand, Command, CreateGroup
from domain.decide import Decision, decide
from domain.events import BaseEvent, Event, Stamp, make
from domain.groups import UserConversationGroups, evolve, replay
from domain.limits import Limits, Policy
from domain.outcomes import Item, Outcome
from domain.refusals import Refusal

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

STAMP = Stamp(
    sdk_app_id=1400000000,
    user_id="alice",
    recorded_at=NOON,
    actor="alice",
    device="phone",
    command="CreateGroup",
    command_id=UUID("0f4c2a51-8f43-4f0e-9d5c-1f2a3b4c5d6e"),
    correlation_id="order-7",
    traceparent=None,
)


class Change(NamedTuple):
    """An event's type and data, without its metadata."""

    event_type: type[Event]
    data: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Change) and (self.event_type, dict(self.data)) == (other.event_type, dict(other.data))

    def __hash__(self) -> int:
        return hash(self.event_type)


def change_of(event: Event) -> Change:
    """Give what an event says beside its metadata."""
    metadata = BaseEvent.model_fields
    return Change(type(event), {name: value for name, value in vars(event).items() if name not in metadata})


@dataclass(frozen=True)
class Given:
    """Groups with a past, and what holds for their app."""

    state: UserConversationGroups = field(default_factory=UserConversationGroups)
    policy: Policy = field(default_factory=Policy)

    def after(self, *past: Change | Command) -> "Given":
        """Let this happen too; a command that is refused is a fault of the test."""
        state = self.state
        for happened in past:
            if isinstance(happened, BaseCommand):
                state = decide(state, happened, self.policy, STAMP).state
            else:
                state = evolve(state, make(happened.event_type, STAMP, state.revision + 1, dict(happened.data)))
        return replace(self, state=state)

    def under(self, **limits: Any) -> "Given":
        """Let these limits hold from now on."""
        return replace(self, policy=replace(self.policy, limits=Limits(**limits)))

    def without_the_package(self) -> "Given":
        """Take the package from the app."""
        return replace(self, policy=replace(self.policy, entitled=False))

    def when(self, command: Command) -> "Then":
        """Decide the command."""
        try:
            decision = decide(self.state, command, self.policy, STAMP)
        except Refusal as refusal:
            return Then(None, refusal)
        _check_what_always_holds(self.state, decision)
        return Then(decision, None)

    def lists(self) -> dict[str, list[str]]:
        """Give the conversations of each group, in the user's order."""
        return {group.name: list(group.joined) for group in self.state.groups.values()}


@dataclass(frozen=True)
class Then:
    """What became of the command."""

    decision: Decision | None
    refusal: Refusal | None

    @property
    def outcome(self) -> Outcome:
        assert self.decision is not None, f"refused: {self.refusal!r}"
        return self.decision.outcome

    @property
    def given(self) -> Given:
        """Go on from here, under the product's limits."""
        assert self.decision is not None, f"refused: {self.refusal!r}"
        return Given(self.decision.state)

    def then(self, *changes: Change) -> "Then":
        """Expect exactly these changes to be recorded; without any, a success that records nothing."""
        assert self.decision is not None, f"refused: {self.refusal!r}"
        assert [change_of(event) for event in self.decision.events] == list(changes)
        return self

    def then_refused(self, kind: type[Refusal], **facts: object) -> None:
        """Expect this refusal, with these facts."""
        assert type(self.refusal) is kind, self.refusal or self.decision
        assert self.refusal.facts() == facts

    def answering(self, *items: str) -> "Then":
        """Expect these outcomes, each written as `C2Cbob added`, a refused one as `C2Cbob 51008`."""
        assert [_told(item) for item in self.outcome.items] == list(items)
        return self

    def evicting(self, *conversation_ids: str) -> "Then":
        """Expect the answer to list exactly these as evicted, oldest first."""
        assert self.outcome.evicted == conversation_ids
        return self


def given(*past: Change | Command) -> Given:
    """Begin with a user of whom this is known; without any, one who never had a group."""
    return Given().after(*past)


def a_group(name: str, *conversation_ids: str) -> CreateGroup:
    """Give the command that creates a group."""
    return CreateGroup(group_name=name, conversation_ids=conversation_ids)


def _told(item: Item) -> str:
    refused = item.outcome == "refused"
    assert refused == (item.code is not None) == (item.message is not None)
    return f"{item.conversation_id} {item.code if refused else item.outcome}"


def _check_what_always_holds(before: UserConversationGroups, decision: Decision) -> None:
    events, outcome = decision.events, decision.outcome
    revisions = [event.revision for event in events]
    assert revisions == list(range(before.revision + 1, before.revision + 1 + len(events)))
    assert repr(decision.state) == repr(replay(before, events)), "equal in all, the order of what it holds included"
    assert outcome.revision == decision.state.revision
    assert [(e.event_id, e.TOPIC, e.revision) for e in events] == [
        (recorded.event_id, recorded.type, recorded.revision) for recorded in outcome.events
    ]
