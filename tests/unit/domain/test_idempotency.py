"""What is kept for an idempotency key."""

from hashlib import sha256
from uuid import UUID

import pytest

from domain.commands import Command, CreateGroup, DeleteGroup, parse_command
from domain.idempotency import command_hash, from_kept, is_kept, to_kept
from domain.outcomes import Item, Outcome, Recorded
from domain.refusals import (
    GroupNameTaken,
    GroupNotFound,
    Refusal,
    RevisionConflict,
    TooManyConversations,
    TooManyGroups,
)
from tests.unit.domain.scenario import a_group, given
from tests.unit.domain.test_refusals import CASES

OUTCOME = Outcome(
    revision=2,
    group_id=1,
    group_name="产品体验",
    items=(
        Item(conversation_id="C2Ca", outcome="added"),
        Item.refused("C2Cb", TooManyConversations(1)),
    ),
    evicted=("C2Cold",),
    events=(Recorded(event_id=UUID(int=7), type="conversation-groups.group-created.v1", revision=1),),
)


@pytest.mark.parametrize("outcome", [OUTCOME, given().when(a_group("One", "nonsense")).outcome], ids=["some", "none"])
def test_every_success_is_kept_and_given_again_also_one_that_recorded_nothing(outcome: Outcome) -> None:
    assert is_kept(outcome)
    assert from_kept(to_kept(outcome)) == outcome


@pytest.mark.parametrize("refusal", [case[0] for case in CASES], ids=repr)
def test_of_the_refusals_those_are_kept_that_read_the_state(refusal: Refusal) -> None:
    kinds = (GroupNotFound, GroupNameTaken, RevisionConflict, TooManyGroups)
    assert is_kept(refusal) == isinstance(refusal, kinds)
    if is_kept(refusal):
        same = from_kept(to_kept(refusal))
        assert type(same) is type(refusal)
        assert same.args == refusal.args


@pytest.mark.parametrize("name", ["产品体验", "a\x00", "ok\ud800", '"\\', "refusal"])
def test_whatever_the_name_was_its_refusal_is_given_again(name: str) -> None:
    kept = to_kept(GroupNotFound(name))
    assert isinstance(kept, bytes)
    assert from_kept(kept).__dict__ == {"group": name}


SAME = [
    '{"command": "CreateGroup", "groupName": "é", "conversationIDs": ["C2Ca"]}',
    '{"conversationIDs":["C2Ca"],"groupName":"\\u00e9","command":"CreateGroup"}',
    '{"command": "CreateGroup", "groupName": "\\u00E9", "conversationIDs": ["C2Ca"], "expectedRevision": null}',
]


def test_the_hash_is_of_the_parsed_command_whatever_its_spelling() -> None:
    assert len({command_hash(parse_command.validate_json(text)) for text in SAME}) == 1
    left_out, empty = CreateGroup(group_name="One"), CreateGroup(group_name="One", conversation_ids=())
    assert command_hash(left_out) == command_hash(empty)


@pytest.mark.parametrize(
    "other",
    [
        CreateGroup(group_name="Two", conversation_ids=("C2Ca", "C2Cb")),
        CreateGroup(group_name="One", conversation_ids=("C2Cb", "C2Ca")),
        CreateGroup(group_name="One", conversation_ids=("C2Ca", "C2Cb", "C2Cb")),
        CreateGroup(group_name="One", conversation_ids=("C2Ca", "C2Cb"), expected_revision=0),
        CreateGroup(group_name="One", conversation_ids=("C2Ca,C2Cb",)),
        DeleteGroup(group_name="One"),
    ],
    ids=repr,
)
def test_another_command_has_another_hash_its_expected_revision_counts(other: Command) -> None:
    assert command_hash(other) != command_hash(CreateGroup(group_name="One", conversation_ids=("C2Ca", "C2Cb")))


def test_a_hash_of_this_release_stays_what_it_is() -> None:
    """Hashes are kept too: one that changed would refuse a command sent again as another one."""
    command = CreateGroup(group_name="One", conversation_ids=("C2Ca",))
    text = b'{"command":"CreateGroup","groupName":"One","conversationIDs":["C2Ca"]}'
    assert command_hash(command) == sha256(text).digest()


def test_a_field_that_a_later_release_adds_changes_no_hash_where_it_is_not_given() -> None:
    class LaterDeleteGroup(DeleteGroup):
        reason: str | None = None

    assert command_hash(LaterDeleteGroup(group_id=1)) == command_hash(DeleteGroup(group_id=1))
    assert command_hash(LaterDeleteGroup(group_id=1, reason="x")) != command_hash(DeleteGroup(group_id=1))


def test_what_was_kept_by_this_release_stays_readable() -> None:
    """Kept for seven days, so by the next release at least: these bytes must always load."""
    assert from_kept(b'{"refusal": "GroupNameTaken", "facts": ["Two", 2]}').__dict__ == {
        "group_name": "Two",
        "group_id": 2,
    }
    golden = (
        '{"revision":2,"groupID":1,"groupName":"产品体验","items":['
        '{"conversationID":"C2Ca","outcome":"added","code":null,"message":null},'
        '{"conversationID":"C2Cb","outcome":"refused","code":51008,"message":"'
        'The groups of one user hold at most 1 different conversations; remove some first."}],"evicted":["C2Cold"],'
        '"events":[{"eventID":"00000000-0000-0000-0000-000000000007","type":"conversation-groups.group-created.v1",'
        '"revision":1}]}'
    ).encode()
    assert from_kept(golden) == OUTCOME
    assert to_kept(OUTCOME) == golden.replace(b',"code":null,"message":null', b"")
    assert from_kept(to_kept(OUTCOME)) == OUTCOME
