"""The values: conversation IDs, user IDs, names on the wire, streams, moments."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.values import (
    MAX_ID,
    GroupID,
    Instant,
    Revision,
    WireModel,
    has_control_characters,
    is_conversation_id,
    is_user_id,
    stream_id,
    utf8_length,
    wire_name,
)

CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0))]


@pytest.mark.parametrize(
    "text",
    [
        "C2Ca",
        "GROUPa",
        "C2C产品",
        "C2CC2C",
        "GROUPGROUP",
        "C2C ",
        "GROUP@TGS#1ABC",
        "C2C/",
        "C2C\xa0",
        "C2C😀",
        "C2C" + "x" * 125,
        "GROUP" + "名" * 41,
    ],
)
def test_c2c_or_group_and_more_is_a_conversation_id(text: str) -> None:
    assert is_conversation_id(text)


@pytest.mark.parametrize(
    "text",
    ["", "C2C", "GROUP", "c2ca", "Groupa", "xC2Ca", " C2Ca", "TEAMa", "nonsense", "C2C\ud800"],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_conversation_id(text)


def test_a_conversation_id_has_at_most_128_bytes() -> None:
    assert not is_conversation_id("C2C" + "x" * 126)
    assert not is_conversation_id("C2Cx" + "é" * 63)
    assert is_conversation_id("GROUPx" + "é" * 61)
    assert not is_conversation_id("GROUPx" + "é" * 61 + "x")
    assert not is_conversation_id("C2C" + "x" * 1997)


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_control_character_is_in_no_name_and_no_id(control: str) -> None:
    assert has_control_characters(f"a{control}b")
    assert not is_conversation_id(f"C2C{control}")
    assert not is_conversation_id(f"C2Ca{control}")
    assert not is_user_id(f"a{control}")


def test_the_control_characters_are_those_of_unicode() -> None:
    import unicodedata

    assert [chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) == "Cc"] == CONTROLS


@pytest.mark.parametrize("text", ["a", "x" * 64, "名" * 21 + "x", " ", "a.b@c", "\xa0", "😀" * 16])
def test_one_to_64_bytes_are_a_user_id(text: str) -> None:
    assert is_user_id(text)


@pytest.mark.parametrize("text", ["", "x" * 65, "名" * 21 + "xy", "a/b", "/", "\ud800", "a\x00"])
def test_empty_too_long_or_with_a_slash_is_none(text: str) -> None:
    assert not is_user_id(text)


@pytest.mark.parametrize(("text", "length"), [("", 0), ("abc", 3), ("é", 2), ("名", 3), ("😀", 4), ("a\udfff", None)])
def test_text_is_measured_in_bytes_of_utf8(text: str, length: int | None) -> None:
    assert utf8_length(text) == length


@pytest.mark.parametrize(
    ("field", "wire"),
    [
        ("group_id", "groupID"),
        ("conversation_ids", "conversationIDs"),
        ("sdk_app_id", "sdkAppID"),
        ("order", "order"),
        ("conversations_per_command", "conversationsPerCommand"),
        ("recorded_at", "recordedAt"),
    ],
)
def test_a_field_has_its_name_on_the_wire(field: str, wire: str) -> None:
    assert wire_name(field) == wire


def test_a_stream_is_one_user_of_one_app_for_ever() -> None:
    assert stream_id(1400000000, "alice") == UUID("60553ff6-5a2b-55f1-ad50-96d4be6024c0")
    different = {
        stream_id(1, "alice"),
        stream_id(2, "alice"),
        stream_id(1, "Alice"),
        stream_id(11, ":a"),
        stream_id(1, "1:a"),
    }
    assert len(different) == 5


def test_ids_and_revisions_have_their_bounds() -> None:
    group, revision = TypeAdapter[int](GroupID), TypeAdapter[int](Revision)
    assert (group.validate_python(1), group.validate_python(MAX_ID), revision.validate_python(0)) == (1, 2**53 - 1, 0)
    for adapter, value in ((group, 0), (group, MAX_ID + 1), (revision, -1), (revision, MAX_ID + 1)):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


class Moment(WireModel):
    at: Instant


def test_a_moment_is_written_in_utc_with_microseconds_always_of_one_width() -> None:
    at = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert Moment(at=at).to_json() == b'{"at":"2026-11-22T10:00:00.000000Z"}'
    assert Moment(at=at.replace(microsecond=7)).to_json() == b'{"at":"2026-11-22T10:00:00.000007Z"}'
    assert Moment.model_validate_json(b'{"at":"2026-11-22T10:00:00.000000Z"}').at == at.astimezone(UTC)


def test_a_value_is_never_changed() -> None:
    with pytest.raises(ValidationError):
        Moment(at=datetime(2026, 11, 22, tzinfo=UTC)).at = datetime(2027, 1, 1, tzinfo=UTC)  # type: ignore[misc]
