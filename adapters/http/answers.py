"""The JSON of every answer, and how an outcome becomes one."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from adapters.feed.frames import write_cursor
from domain.outcomes import Outcome
from domain.values import Instant, WireModel
from projections.group_lists import GroupRow, UserGroupLists
from projections.history import HistoryRow


class Failure(WireModel):
    """A conversation that was refused, and why."""

    conversation_id: str
    code: int
    message: str


class AnsweredItem(WireModel):
    """What became of one conversation."""

    conversation_id: str
    outcome: str
    code: int | None = None
    """Only where it was refused."""


class AnsweredEvent(WireModel):
    """One event that was recorded; in a dry run one that would be."""

    event_id: UUID | None = None
    """Only where it was recorded."""

    type: str
    revision: int


class CommandAnswer(WireModel):
    """What a command did."""

    revision: int
    group_id: int | None = None
    """Left out where there is no group."""

    group_name: str
    success_conversation_id_list: tuple[str, ...]
    failure_conversation_id_list: tuple[Failure, ...]
    items: tuple[AnsweredItem, ...]
    evicted: tuple[str, ...]
    events: tuple[AnsweredEvent, ...]

    def to_json(self) -> bytes:
        """Give the JSON: what does not apply is left out."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)


def answer_json(outcome: Outcome) -> bytes:
    """Answer with an outcome: the JSON of a `CommandAnswer`, not made by way of its models, which take long."""
    done: list[str] = []
    failed: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    for item in outcome.items:
        told: dict[str, Any] = {"conversationID": item.conversation_id, "outcome": item.outcome}
        if item.outcome == "refused":
            told["code"] = item.code
            failed.append({"conversationID": item.conversation_id, "code": item.code, "message": item.message})
        else:
            done.append(item.conversation_id)
        items.append(told)
    return to_json(
        {
            "revision": outcome.revision,
            **({} if outcome.group_id is None else {"groupID": outcome.group_id}),
            "groupName": outcome.group_name,
            "successConversationIDList": done,
            "failureConversationIDList": failed,
            "items": items,
            "evicted": outcome.evicted,
            "events": [
                {
                    **({} if event.event_id is None else {"eventID": event.event_id}),
                    "type": event.type,
                    "revision": event.revision,
                }
                for event in outcome.events
            ],
        }
    )


class Revised(WireModel):
    """An answer as of a revision of the user."""

    revision: int


class GroupSummary(WireModel):
    """One group in the list."""

    group_id: int
    group_name: str
    conversation_count: int
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, group_id: int, row: GroupRow) -> "GroupSummary":
        """Answer with a row of the view."""
        return cls(group_id=group_id, **_listed(row))


class GroupList(Revised):
    """All groups of a user, in the user's order."""

    cursor: str
    """Where the live feed goes on after this answer."""

    groups: tuple[GroupSummary, ...]

    @classmethod
    def of(cls, lists: UserGroupLists, log_id: UUID) -> "GroupList":
        """Answer with a user's groups."""
        groups = tuple(GroupSummary.of(group_id, row) for group_id, row in lists.listed())
        return cls(revision=lists.revision, cursor=write_cursor(log_id, lists.revision), groups=groups)


class GroupDetail(GroupSummary, Revised):
    """One group with its conversations, in the order they were added."""

    cursor: str
    conversation_ids: tuple[str, ...]

    @classmethod
    def of_user(cls, lists: UserGroupLists, log_id: UUID, group_id: int, row: GroupRow) -> "GroupDetail":
        """Answer with one group of a user."""
        return cls(
            revision=lists.revision,
            cursor=write_cursor(log_id, lists.revision),
            group_id=group_id,
            conversation_ids=tuple(conversation_id for conversation_id, _ in lists.members(group_id)),
            **_listed(row),
        )


class GroupedConversation(WireModel):
    """One conversation and the names of its groups, in the order it joined them."""

    conversation_id: str
    conversation_group_list: tuple[str, ...]


class AddedConversation(GroupedConversation):
    """One conversation of a page."""

    added_at: Instant


class ConversationPage(Revised):
    """Conversations, and where to go on."""

    conversations: tuple[AddedConversation, ...]
    next: str | None


class Lookup(Revised):
    """The conversations asked about, in the order asked."""

    conversations: tuple[GroupedConversation, ...]


class HistoryPage(Revised):
    """Events of a user: each is the event's JSON, with its `type` and `position`."""

    events: tuple[dict[str, Any], ...]
    next: int | None

    @classmethod
    def of(cls, revision: int, rows: Sequence[HistoryRow], limit: int) -> "HistoryPage":
        """Answer with the first `limit` of `rows`; one row more says that there is a next page.

        What was recorded since the revision was read is left to the next answer: one revision, one answer.
        """
        rows = [row for row in rows if row.revision <= revision]
        events = tuple(
            {**json.loads(row.value), "type": row.type, "position": f"{row.position:020}"} for row in rows[:limit]
        )
        following = rows[limit - 1].revision if len(rows) > limit else None
        return cls(revision=revision, events=events, next=following)


class Problem(WireModel):
    """An RFC 9457 problem document; further members say what a program needs to go on."""

    type: str
    title: str
    status: int
    detail: str
    code: int | None = None
    """The product's error code, where it has one."""


def _listed(row: GroupRow) -> dict[str, Any]:
    return {
        "group_name": row.name,
        "conversation_count": row.conversation_count,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
