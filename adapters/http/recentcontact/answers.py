"""What the product's calls answer where they are carried out."""

from collections.abc import Iterable
from typing import Any, Final

from adapters.http.recentcontact.bodies import (
    ChangeContacts,
    Contact,
    CreateBody,
    DeleteBody,
    Rename,
    SearchBody,
    UpdateBody,
    as_sent,
    contact_of,
    conversation_id,
)
from domain.outcomes import Item, Outcome
from projections.group_lists import Membership, UserGroupLists

PAGE: Final = 100
"""Conversations of one page of `get_contact_group`."""

Answer = dict[str, Any]


def done(body: CreateBody | DeleteBody | UpdateBody, outcome: Outcome) -> Answer:
    """Tell what a command did."""
    match body:
        case CreateBody():
            group = {} if outcome.group_id is None else {"GroupItem": _group(outcome.group_id, outcome.group_name)}
            return {"GroupResultItem": [{**group, "ResultItem": _results(body.contacts, outcome)}]}
        case DeleteBody():
            return {"GroupItem": [_group(outcome.group_id, outcome.group_name)]}
        case UpdateBody(update_group=update):
            told = {
                "UpdateGroupType": update.update_group_type,
                **_group(outcome.group_id, outcome.group_name),
                "OldGroupName": update.old_group_name,
            }
            return {"UpdateType": body.update_type, "UpdateGroupResult": {**told, **_changes(update, outcome)}}


def _changes(update: Rename | ChangeContacts, outcome: Outcome) -> Answer:
    if isinstance(update, Rename):
        return {}
    results = _results([change.contact_item for change in update.contact_update_item], outcome)
    changes = zip(update.contact_update_item, results, strict=True)
    return {"ContactResultItem": [{"ContactOptType": change.contact_opt_type, **result} for change, result in changes]}


def _results(contacts: Iterable[Contact], outcome: Outcome) -> list[Answer]:
    """Tell for every contact, in the order given, what became of it; one that was given twice is told of twice."""
    became = {item.conversation_id: item for item in outcome.items}
    return [{"ContactItem": as_sent(one), **_result(became[conversation_id(one)])} for one in contacts]


def _result(item: Item) -> Answer:
    return {"ResultCode": item.code or 0, "ResultInfo": item.message or ""}


def page(lists: UserGroupLists, start: int) -> Answer:
    """Give a page of a user's grouped conversations, the earliest first; the first one names every group."""
    joined = list(_joined(lists).items())
    following = start + PAGE
    complete = following >= len(joined)
    return {
        "ContactItem": [{**contact_of(key), **_in_groups(joins)} for key, joins in joined[start:following]],
        "GroupItem": _groups(lists) if start == 0 else [],
        "CompleteFlag": int(complete),
        "NextStartIndex": 0 if complete else following,
    }


def found(lists: UserGroupLists, body: SearchBody) -> Answer:
    """Tell in which groups these conversations are, in the order asked."""
    joined = _joined(lists)
    return {
        "ContactResultItem": [
            {**as_sent(one), **_in_groups(joined.get(conversation_id(one), []))} for one in body.contact_item
        ],
        "GroupItem": _groups(lists),
    }


def _joined(lists: UserGroupLists) -> dict[str, list[tuple[int, Membership]]]:
    """Give for each conversation the groups it joined, in that order."""
    joined: dict[str, list[tuple[int, Membership]]] = {}
    for key, group_id, membership in lists.joins():
        joined.setdefault(key, []).append((group_id, membership))
    return joined


def _in_groups(joins: list[tuple[int, Membership]]) -> Answer:
    """Name the groups in the order of joining, and when the last one was joined; nothing where there is none."""
    if not joins:
        return {}
    return {
        "ContactGroupId": [group_id for group_id, _ in joins],
        "Timestamp": int(joins[-1][1].added_at.timestamp()),
    }


def _groups(lists: UserGroupLists) -> list[Answer]:
    return [_group(group_id, row.name) for group_id, row in lists.listed()]


def _group(group_id: int | None, name: str) -> Answer:
    return {"GroupName": name, "GroupId": group_id}
