"""The records of a user's groups, event by event: each that changed, once, as it is behind the last."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from domain.groups import UserConversationGroups, replay
from domain.ports import Entry
from projections.group_records import GroupRecords, UserRecords
from tests.unit.domain.changes import added, created, deleted, evicted, removed, renamed, reordered
from tests.unit.domain.scenario import STAMP, Change
from tests.unit.projections.recorded import ALICE, entries_of, recorded

MUCH = 10**9

ONE = {"revision": 2, "groupID": 1, "groupName": "One", "conversationIDs": ["C2Ca", "C2Cb"]}


class Log:
    """Gives states as of a revision, and notes for whom it was asked."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.asked: list[dict[UUID, int]] = []

    def states_at(self, at: Mapping[UUID, int]) -> dict[UUID, UserConversationGroups]:
        self.asked.append(dict(at))
        events = [entry.event for entry in self.entries]
        return {
            stream: replay(None, [e for e in events if e.originator_id == stream and e.revision <= revision])
            for stream, revision in at.items()
        }


def told(user: UserRecords) -> dict[int, Any]:
    return {number: value and json.loads(value) for number, value in user.tell()}


def after(*changes: Change) -> dict[int, Any]:
    user = UserRecords()
    for event in recorded(*changes):
        user.apply(event)
    return told(user)


def test_a_new_group_is_a_record_and_in_the_order() -> None:
    assert after(created(1, "One"), added(1, "One", "C2Ca", "C2Cb")) == {
        0: {"revision": 1, "groups": [{"groupID": 1, "groupName": "One"}]},
        1: ONE,
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            renamed(1, "One", "Eins"),
            {
                0: {"revision": 4, "groups": [{"groupID": 1, "groupName": "Eins"}, {"groupID": 2, "groupName": "Two"}]},
                1: ONE | {"revision": 4, "groupName": "Eins"},
            },
        ),
        (
            deleted(1, "One", "C2Ca", "C2Cb"),
            {0: {"revision": 4, "groups": [{"groupID": 2, "groupName": "Two"}]}, 1: None},
        ),
        (added(2, "Two", "C2Cc"), {2: {"revision": 4, "groupID": 2, "groupName": "Two", "conversationIDs": ["C2Cc"]}}),
        (removed(1, "One", "C2Ca"), {1: ONE | {"revision": 4, "conversationIDs": ["C2Cb"]}}),
        (evicted(1, "One", "C2Cb"), {1: ONE | {"revision": 4, "conversationIDs": ["C2Ca"]}}),
        (
            reordered(2, "Two", 2, 1),
            {0: {"revision": 4, "groups": [{"groupID": 2, "groupName": "Two"}, {"groupID": 1, "groupName": "One"}]}},
        ),
    ],
    ids=["renamed", "deleted", "added", "removed", "evicted", "reordered"],
)
def test_each_event_changes_its_records_and_no_other(change: Change, expected: dict[int, Any]) -> None:
    user = UserRecords()
    *past, event = recorded(created(1, "One"), added(1, "One", "C2Ca", "C2Cb"), created(2, "Two"), change)
    for earlier in past:
        user.apply(earlier)
    told(user)
    user.apply(event)
    assert told(user) == expected
    assert told(user) == {}


def test_the_last_group_leaves_an_empty_order_behind() -> None:
    assert after(created(1, "One"), deleted(1, "One"))[0] == {"revision": 2, "groups": []}


def test_a_gap_between_revisions_is_refused() -> None:
    user = UserRecords()
    _, second = recorded(created(1, "One"), created(2, "Two"))
    with pytest.raises(ValueError, match=r"revision 2 of .* does not follow 0"):
        user.apply(second)


LIFE = (
    created(1, "One"),
    added(1, "One", "C2Ca"),
    created(2, "Two"),
    added(1, "One", "C2Cb"),
    removed(1, "One", "C2Ca"),
)


def values(records: GroupRecords, entries: Sequence[Entry], most: int = MUCH) -> list[dict[int, Any]]:
    return [
        {changed.number: changed.value and json.loads(changed.value) for changed in part.changed}
        for part in records.parts(entries, most)
    ]


def test_each_part_tells_each_record_once_and_says_whose_it_is() -> None:
    entries = entries_of(*LIFE)
    log = Log(entries)
    (part,) = GroupRecords(log.states_at).parts(entries, MUCH)
    assert part.entries == entries
    assert [(changed.sdk_app_id, changed.user_id, changed.number) for changed in part.changed] == [
        (STAMP["sdk_app_id"], STAMP["user_id"], number) for number in (0, 1, 2)
    ]
    assert log.asked == []


def test_parts_are_cut_by_the_size_of_entries_and_records() -> None:
    entries = entries_of(*LIFE)
    parts = list(GroupRecords(Log(entries).states_at).parts(entries, 1))
    assert [len(part.entries) for part in parts] == [1] * len(entries)
    assert [[changed.number for changed in part.changed] for part in parts] == [[0, 1], [1], [0, 2], [1], [1]]
    whole = sum(len(entry.value) for entry in entries)
    cut = list(GroupRecords(Log(entries).states_at).parts(entries, whole * 2 // 3))
    assert [entry for part in cut for entry in part.entries] == entries
    assert 1 < len(cut) < len(entries)


def test_what_is_not_at_hand_is_read_as_of_the_revision_before() -> None:
    entries = entries_of(*LIFE)
    log = Log(entries)
    records = GroupRecords(log.states_at)
    assert values(records, entries[3:4])[0][1]["conversationIDs"] == ["C2Ca", "C2Cb"]
    assert values(records, entries[4:])[0][1]["conversationIDs"] == ["C2Cb"]
    assert log.asked == [{ALICE: 3}]
    records.forget()
    assert values(records, entries[1:2])[0][1]["conversationIDs"] == ["C2Ca"]
    assert log.asked == [{ALICE: 3}, {ALICE: 1}]


def test_what_is_at_hand_is_bounded_and_nothing_is_missed() -> None:
    entries = entries_of(*LIFE)
    log = Log(entries)
    records = GroupRecords(log.states_at, remembered=3)
    once = [part for entry in entries for part in values(records, [entry])]
    assert once == values(GroupRecords(log.states_at), entries, most=1)
    assert log.asked == [{ALICE: 3}, {ALICE: 4}]
