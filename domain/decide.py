"""What a command does to a user's groups: every rule, and nothing but rules. No clock, no ID made up, no I/O.

Checks come in one order, whatever the command: the app's package, the names given, the number of conversations, the
expected revision, the group, the number of groups, and last each conversation for itself.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, assert_never

from domain.admission import Admission
from domain.checks import check_count, check_values_given
from domain.commands import (
    Command,
    CreateGroup,
    DeleteGroup,
    RenameGroup,
    ReorderGroup,
)
from domain.events import (
    ConversationsAdded,
    ConversationsRemoved,
    Event,
    GroupCreated,
    GroupDeleted,
    GroupRenamed,
    GroupsReordered,
    Stamp,
    make,
)
from domain.groups import Group, UserConversationGroups, evolve
from domain.limits import Limits, Policy
from domain.outcomes import Item, Outcome, Recorded
from domain.refusals import (
    GroupNameTaken,
    GroupNotFound,
    MalformedConversationID,
    PackageMissing,
    RevisionConflict,
    TooManyGroups,
)
from domain.values import is_conversation_id


class Decision(NamedTuple):
    """What to record, what to answer, and the groups as they are then."""

    events: tuple[Event, ...]
    outcome: Outcome
    state: UserConversationGroups


def decide(state: UserConversationGroups, command: Command, policy: Policy, stamp: Stamp) -> Decision:
    """Decide one command on the groups of one user; raises a `Refusal` where it is not carried out."""
    if not policy.entitled:
        raise PackageMissing
    limits = policy.limits
    check_values_given(command, limits)
    check_count(command, limits)
    if command.expected_revision not in (None, state.revision):
        raise RevisionConflict(command.expected_revision, state.revision)
    draft = Draft(state, stamp, limits)
    match command.command:
        case "CreateGroup":
            return _create(draft, command)
        case "DeleteGroup":
            return _delete(draft, command)
        case "RenameGroup":
            return _rename(draft, command)
        case "AddConversations":
            return _update(draft, command.group, add=command.conversation_ids)
        case "RemoveConversations":
            return _update(draft, command.group, remove=command.conversation_ids)
        case "UpdateConversations":
            return _update(draft, command.group, remove=command.remove, add=command.add)
        case "ReorderGroup":
            return _reorder(draft, command)
        case _:
            assert_never(command)


class Draft:
    """The decision as it grows: each event is applied as soon as it is drawn up."""

    __slots__ = "_stamp", "events", "evicted", "items", "limits", "state"

    def __init__(self, state: UserConversationGroups, stamp: Stamp, limits: Limits) -> None:
        self.state = state
        self.limits = limits
        self.events: list[Event] = []
        self.items: list[Item] = []
        self.evicted: list[str] = []
        self._stamp = stamp

    def record(self, event_type: type[Event], **data: Any) -> None:
        """Draw up the next event and apply it."""
        event = make(event_type, self._stamp, self.state.revision + 1, data)
        self.events.append(event)
        self.state = evolve(self.state, event)

    def existing(self, group: str | int) -> Group:
        """Give the group that the command names."""
        found = self.state.find(group)
        if found is None:
            raise GroupNotFound(group)
        return found

    def done(self, group_id: int | None, group_name: str) -> Decision:
        """Answer for this group; without an ID for none."""
        recorded = tuple([Recorded(e.event_id, e.TOPIC, e.revision) for e in self.events])
        items, evicted = tuple(self.items), tuple(self.evicted)
        outcome = Outcome(self.state.revision, group_id, group_name, items, evicted, recorded)
        return Decision(tuple(self.events), outcome, self.state)


def _create(draft: Draft, command: CreateGroup) -> Decision:
    existing = draft.state.find(command.group_name)
    if existing is not None:
        _add(draft, existing, command.conversation_ids)
        return draft.done(existing.group_id, existing.name)
    if len(draft.state.groups) >= draft.limits.groups:
        raise TooManyGroups(draft.limits.groups)
    group = Group(draft.state.last_group_id + 1, command.group_name)
    admission = Admission(draft.state, group, command.conversation_ids, draft.limits)
    if command.conversation_ids and not admission.added:
        draft.items += admission.items
        return draft.done(None, command.group_name)
    draft.record(GroupCreated, group_id=group.group_id, group_name=group.name)
    _admit(draft, group, admission)
    return draft.done(group.group_id, group.name)


def _delete(draft: Draft, command: DeleteGroup) -> Decision:
    group = draft.existing(command.group)
    draft.record(GroupDeleted, group_id=group.group_id, group_name=group.name, conversation_ids=tuple(group.joined))
    return draft.done(group.group_id, group.name)


def _rename(draft: Draft, command: RenameGroup) -> Decision:
    group = draft.existing(command.group)
    holder = draft.state.find(command.new_name)
    if holder is not None and holder is not group:
        raise GroupNameTaken(command.new_name, holder.group_id)
    if holder is None:
        draft.record(GroupRenamed, group_id=group.group_id, old_name=group.name, group_name=command.new_name)
    return draft.done(group.group_id, command.new_name)


def _update(draft: Draft, named: str | int, *, remove: Sequence[str] = (), add: Sequence[str] = ()) -> Decision:
    group = draft.existing(named)
    _remove(draft, group, remove)
    if add:
        _add(draft, draft.state.groups[group.group_id], add, spare=remove)
    return draft.done(group.group_id, group.name)


def _reorder(draft: Draft, command: ReorderGroup) -> Decision:
    group = draft.existing(command.group)
    order = list(draft.state.groups)
    if command.before is None:
        order.remove(group.group_id)
        order.append(group.group_id)
    elif draft.existing(command.before) is not group:
        order.remove(group.group_id)
        order.insert(order.index(command.before), group.group_id)
    if order != list(draft.state.groups):
        draft.record(GroupsReordered, group_id=group.group_id, group_name=group.name, order=tuple(order))
    return draft.done(group.group_id, group.name)


def _remove(draft: Draft, group: Group, ids: Sequence[str]) -> None:
    removed: list[str] = []
    for conversation_id in dict.fromkeys(ids):
        if not is_conversation_id(conversation_id):
            draft.items.append(Item.refused(conversation_id, MalformedConversationID()))
        elif conversation_id not in group.joined:
            draft.items.append(Item(conversation_id, "absent"))
        else:
            draft.items.append(Item(conversation_id, "removed"))
            removed.append(conversation_id)
    if removed:
        _record_left(draft, group, removed, reason="removed")


def _add(draft: Draft, group: Group, ids: Sequence[str], spare: Sequence[str] = ()) -> None:
    _admit(draft, group, Admission(draft.state, group, ids, draft.limits, spare))


def _admit(draft: Draft, group: Group, admission: Admission) -> None:
    draft.items += admission.items
    if admission.evicted:
        _evict(draft, admission.evicted)
    if admission.added:
        draft.record(
            ConversationsAdded,
            group_id=group.group_id,
            group_name=group.name,
            conversation_ids=tuple(admission.added),
        )


def _evict(draft: Draft, ids: Sequence[str]) -> None:
    draft.evicted += ids
    for group in list(draft.state.groups.values()):
        leaving = [conversation_id for conversation_id in ids if conversation_id in group.joined]
        if leaving:
            _record_left(draft, group, leaving, reason="evicted")


def _record_left(draft: Draft, group: Group, ids: Sequence[str], *, reason: Literal["removed", "evicted"]) -> None:
    draft.record(
        ConversationsRemoved,
        group_id=group.group_id,
        group_name=group.name,
        conversation_ids=tuple(ids),
        reason=reason,
    )
