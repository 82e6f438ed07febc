"""What can be asked about a user's groups. Every answer holds all that was acknowledged before it was asked."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter
from pydantic import ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.http import answers, paging
from adapters.http.bodies import read_json
from adapters.http.described import READ_DOCS
from adapters.http.identity import Caller, Identity, UserID
from adapters.http.problems import RequestRefused, not_understood
from domain.limits import Policy
from domain.ports import EventLog
from domain.refusals import GroupNotFound
from domain.values import WireModel
from projections.group_lists import (
    VERSION,
    GroupListsTable,
    GroupRow,
    Membership,
    UserGroupLists,
    current_lists,
)
from projections.history import HistoryTable, current_history

LOOKUP_LIMIT = 300


class LookupQuestion(WireModel):
    """The conversations that are asked about."""

    model_config = ConfigDict(extra="forbid")

    conversation_ids: tuple[str, ...]


class ReadSide(NamedTuple):
    """What answers are made from."""

    log: EventLog
    log_id: UUID
    """Which log it is; nobody renews it while the service runs."""

    group_lists: GroupListsTable
    history: HistoryTable

    def lists_of(self, who: Caller) -> UserGroupLists:
        """Load a user's groups as they are now."""
        return current_lists(self.log, self.group_lists, who.stream)


def read_routes(read_side: ReadSide, policy_of: Callable[[int], Policy], identity: Identity) -> APIRouter:
    """Give the routes that answer questions."""
    router = APIRouter()

    @router.get("/v1/users/{userID}/groups", **READ_DOCS["groups"])
    def list_groups(request: Request, user_id: UserID) -> Response:
        who = identity.caller(request, user_id)
        paging.only(request)
        lists = read_side.lists_of(who)
        return _answer(request, who, read_side.log_id, answers.GroupList.of(lists, read_side.log_id))

    @router.get("/v1/users/{userID}/groups/{groupID}", **READ_DOCS["group"])
    def show_group(request: Request, user_id: UserID, group_id: paging.GroupIDText) -> Response:
        who = identity.caller(request, user_id)
        paging.only(request)
        lists = read_side.lists_of(who)
        found = _find(lists, paging.whole_number("groupID", group_id, least=1))
        return _answer(request, who, read_side.log_id, answers.GroupDetail.of_user(lists, read_side.log_id, *found))

    @router.get("/v1/users/{userID}/conversations", **READ_DOCS["conversations"])
    def list_conversations(request: Request, user_id: UserID) -> Response:
        who = identity.caller(request, user_id)
        paging.only(request, "groupName", "groupID", "limit", "after")
        limit, after = paging.limit(request), paging.place_after(request)
        group = paging.group(request)
        lists = read_side.lists_of(who)
        return _answer(request, who, read_side.log_id, conversation_page(lists, group, limit, after))

    @router.post("/v1/users/{userID}/conversations/lookup", **READ_DOCS["lookup"])
    async def look_up(request: Request, user_id: UserID) -> Response:
        who = identity.caller(request, user_id)
        paging.only(request)
        try:
            asked = LookupQuestion.model_validate_json(await read_json(request)).conversation_ids
        except ValidationError as error:
            raise not_understood(error) from None
        if len(asked) > LOOKUP_LIMIT:
            detail = f"A lookup names at most {LOOKUP_LIMIT} conversations."
            raise RequestRefused(422, "too-many-conversations-asked", detail, limit=LOOKUP_LIMIT)
        lists = await run_in_threadpool(read_side.lists_of, who)
        names = lists.group_names()
        conversations = tuple(
            answers.GroupedConversation(conversation_id=key, conversation_group_list=tuple(names.get(key, ())))
            for key in asked
        )
        return _json(answers.Lookup(revision=lists.revision, conversations=conversations))

    @router.get("/v1/users/{userID}/history", **READ_DOCS["history"])
    def show_history(request: Request, user_id: UserID) -> Response:
        who = identity.caller(request, user_id)
        paging.only(request, "limit", "after")
        limit, after = paging.limit(request), paging.revision_after(request)
        revision = read_side.log.revision(who.stream)
        rows = current_history(read_side.log, read_side.history, who.stream, after, limit + 1)
        return _answer(request, who, read_side.log_id, answers.HistoryPage.of(revision, rows, limit))

    @router.get("/v1/limits", **READ_DOCS["limits"])
    def show_limits(request: Request) -> Response:
        app = identity.app_of(request)
        paging.only(request)
        return _json(policy_of(app).limits)

    return router


def conversation_page(
    lists: UserGroupLists, group: str | int | None, limit: int, after: tuple[int, int] | None = None
) -> answers.ConversationPage:
    """Give a page of what is in one group, or in any, the earliest first; raises `GroupNotFound`."""
    joined = _first_joins(lists) if group is None else lists.members(_find(lists, group)[0])
    if after is not None:
        joined = [join for join in joined if (join[1].revision, join[1].place) > after]
    names, page = lists.group_names(), joined[:limit]
    conversations = tuple(
        answers.AddedConversation(
            conversation_id=conversation_id,
            conversation_group_list=tuple(names[conversation_id]),
            added_at=membership.added_at,
        )
        for conversation_id, membership in page
    )
    following = paging.place_of(page[-1][1]) if len(joined) > limit else None
    return answers.ConversationPage(revision=lists.revision, conversations=conversations, next=following)


def _find(lists: UserGroupLists, group: str | int) -> tuple[int, GroupRow]:
    found = lists.find(group)
    if found is None:
        raise GroupNotFound(group)
    return found


def _first_joins(lists: UserGroupLists) -> list[tuple[str, Membership]]:
    """List every grouped conversation with its earliest membership, the earliest first."""
    first: dict[str, Membership] = {}
    for conversation_id, _, membership in lists.joins():
        first.setdefault(conversation_id, membership)
    return list(first.items())


def _json(body: WireModel) -> Response:
    return Response(body.to_json(), media_type="application/json")


def _answer(request: Request, who: Caller, log_id: UUID, body: answers.Revised) -> Response:
    """Answer with an entity tag, or with 304 where the caller has this very answer."""
    tag = f'"{log_id.hex}-{who.stream.hex}-{VERSION}-{body.revision}"'
    response = _json(body)
    if _at_hand(request) & {tag, "*"}:
        response = Response(status_code=304)
    response.headers.update({"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "App-ID, Authorization"})
    return response


def _at_hand(request: Request) -> set[str]:
    """Read which answers the caller has; whether a tag is weak makes no difference to a read."""
    given = ",".join(request.headers.getlist("If-None-Match"))
    return {tag.strip().removeprefix("W/") for tag in given.split(",")}
