"""Events: one flat JSON, which never changes its meaning and always loads."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid5

import pytest
from pydantic import ValidationError

from domain.events import EVENT_TYPES, ConversationsAdded, ConversationsRemoved, Event, GroupCreated, make
from domain.values import stream_id
from tests.unit.domain.scenario import NOON, STAMP, a_group, given

GOLDEN = {path.name.removesuffix(".json"): path for path in (Path(__file__).parent / "golden").glob("*.json")}
"""What the first release recorded, by type. These files are never changed: logs out there hold the same."""

METADATA = [
    "eventID",
    "sdkAppID",
    "userID",
    "revision",
    "recordedAt",
    "actor",
    "device",
    "command",
    "commandID",
    "correlationID",
    "causationID",
    "traceparent",
]
DATA = {
    "group-created.v1": ["groupID", "groupName"],
    "group-renamed.v1": ["groupID", "oldName", "groupName"],
    "group-deleted.v1": ["groupID", "groupName", "conversationIDs"],
    "conversations-added.v1": ["groupID", "groupName", "conversationIDs"],
    "conversations-removed.v1": ["groupID", "groupName", "conversationIDs", "reason"],
    "groups-reordered.v1": ["groupID", "groupName", "order"],
}
each_type = pytest.mark.parametrize("name", DATA)


def golden(name: str) -> bytes:
    return GOLDEN[name].read_bytes().rstrip(b"\n")


def load(name: str, text: bytes | str) -> Event:
    return EVENT_TYPES[f"conversation-groups.{name}"].model_validate_json(text)


def test_there_is_a_golden_event_of_every_type() -> None:
    assert (
        {f"conversation-groups.{name}" for name in GOLDEN}
        == set(EVENT_TYPES)
        >= {f"conversation-groups.{name}" for name in DATA}
    )


@each_type
def test_a_golden_event_loads_and_is_written_byte_for_byte_the_same(name: str) -> None:
    assert load(name, golden(name)).to_json() == golden(name)


@each_type
def test_its_json_is_flat_with_exactly_these_keys_in_this_order(name: str) -> None:
    fields = json.loads(load(name, golden(name)).to_json())
    assert list(fields) == METADATA + DATA[name]
    assert not any(isinstance(value, dict) for value in fields.values())


@each_type
def test_fields_of_a_later_release_are_tolerated(name: str) -> None:
    later = json.dumps({**json.loads(golden(name)), "region": "eu", "tags": {"a": 1}})
    assert load(name, later) == load(name, golden(name))


@each_type
def test_where_it_was_not_told_the_device_and_the_trace_are_null(name: str) -> None:
    fields = json.loads(golden(name))
    del fields["device"], fields["traceparent"]
    event = load(name, json.dumps(fields))
    assert (event.device, event.traceparent) == (None, None)


@each_type
@pytest.mark.parametrize(
    ("field", "wrong"), [("revision", "7"), ("revision", None), ("userID", 7), ("eventID", "x"), ("groupID", 1.5)]
)
def test_a_wrong_type_does_not_load(name: str, field: str, wrong: object) -> None:
    with pytest.raises(ValidationError):
        load(name, json.dumps({**json.loads(golden(name)), field: wrong}))


def test_no_rule_is_applied_on_loading_so_that_history_outlives_every_rule() -> None:
    fields = json.loads(golden("conversations-added.v1"))
    loose = {"groupName": "x" * 5000 + "\x00", "conversationIDs": ["nonsense"] * 3000, "userID": "a/b" * 99}
    loaded = load("conversations-added.v1", json.dumps({**fields, **loose}))
    assert isinstance(loaded, ConversationsAdded)
    assert len(loaded.conversation_ids) == 3000


def test_why_conversations_left_is_removed_or_evicted() -> None:
    fields = json.loads(golden("conversations-removed.v1"))
    for reason in ("removed", "evicted"):
        loaded = load("conversations-removed.v1", json.dumps({**fields, "reason": reason}))
        assert isinstance(loaded, ConversationsRemoved)
        assert loaded.reason == reason
    with pytest.raises(ValidationError):
        load("conversations-removed.v1", json.dumps({**fields, "reason": "lost"}))


def test_eventsourcing_finds_stream_and_version_in_user_and_revision() -> None:
    event = load("groups-reordered.v1", golden("groups-reordered.v1"))
    assert (event.originator_id, event.originator_version) == (stream_id(1400000000, "alice"), 6)


def test_every_event_of_a_command_says_who_did_it_when_and_by_which_command() -> None:
    decision = given().when(a_group("One", "C2Ca")).decision
    assert decision is not None
    for event in decision.events:
        assert (event.sdk_app_id, event.user_id, event.actor, event.device) == (1400000000, "alice", "alice", "phone")
        assert (event.command, event.command_id, event.causation_id) == ("CreateGroup", *2 * (STAMP["command_id"],))
        assert (event.correlation_id, event.traceparent, event.recorded_at) == ("order-7", None, NOON)
        assert event.event_id == uuid5(STAMP["command_id"], str(event.revision))
    assert len({event.event_id for event in decision.events}) == 2


def test_a_moment_is_recorded_in_utc_wherever_the_clock_hangs() -> None:
    data = {"group_id": 1, "group_name": "One"}
    east = NOON.astimezone(timezone(timedelta(hours=8)))
    event = make(GroupCreated, STAMP, 1, data).model_copy(update={"recorded_at": east})
    assert json.loads(event.to_json())["recordedAt"] == "2026-11-22T12:00:00.000000Z"
    loaded = GroupCreated.model_validate_json(event.to_json())
    assert loaded.recorded_at == NOON == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_an_event_is_never_changed() -> None:
    event = make(GroupCreated, STAMP, 1, {"group_id": 1, "group_name": "One"})
    with pytest.raises(ValidationError):
        event.revision = 2  # type: ignore[misc]
