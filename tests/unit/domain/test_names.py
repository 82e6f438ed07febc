"""What a group may be called, and how names are compared."""

import pytest

from domain.commands import AddConversations, DeleteGroup, RenameGroup
from domain.refusals import ControlCharacters, GroupNameLength, GroupNotFound
from tests.unit.domain.changes import created, renamed
from tests.unit.domain.scenario import a_group, given

CHINESE_30, CHINESE_33 = "产品体验需求研发分组", "产品体验需求研发分组名"
FIT = [
    pytest.param("x", id="one byte"),
    pytest.param("x" * 32, id="32 bytes of ASCII"),
    pytest.param(CHINESE_30 + "ab", id="32 bytes, Chinese and ASCII"),
    pytest.param("😀" * 8, id="8 emoji of 4 bytes"),
    pytest.param(" ", id="a space"),
    pytest.param("\u200b", id="a zero-width space, which is no control character"),
    pytest.param("\u2028", id="a line separator, which is no control character"),
    pytest.param("a/b", id="a slash"),
]
TOO_LONG = [
    pytest.param("x" * 33, 33, id="33 bytes of ASCII"),
    pytest.param(CHINESE_33, 33, id="33 bytes of Chinese in 11 characters"),
    pytest.param("é" * 17, 34, id="17 characters of two bytes"),
    pytest.param("", 0, id="empty"),
    pytest.param("ok\ud800", 0, id="a lone surrogate, which has no UTF-8 form"),
]
CONTROL = ["\x00", "a\tb", "a\nb", "\x1f", "\x7f", "\x80", "\x85", "a\x9f"]


@pytest.mark.parametrize("name", FIT)
def test_a_name_that_fits_is_given_as_it_stands(name: str) -> None:
    given().when(a_group(name)).then(created(1, name))
    given(a_group("One")).when(RenameGroup(group_id=1, new_name=name)).then(renamed(1, "One", name))


@pytest.mark.parametrize(("name", "length"), TOO_LONG)
def test_an_empty_or_too_long_name_is_refused(name: str, length: int) -> None:
    given().when(a_group(name)).then_refused(GroupNameLength, length=length, limit=32)
    rename = RenameGroup(group_id=1, new_name=name)
    given(a_group("One")).when(rename).then_refused(GroupNameLength, length=length, limit=32)


@pytest.mark.parametrize("name", CONTROL)
def test_control_characters_in_a_name_are_refused(name: str) -> None:
    given().when(a_group(name)).then_refused(ControlCharacters, group_name=name)
    rename = RenameGroup(group_id=1, new_name=name)
    given(a_group("One")).when(rename).then_refused(ControlCharacters, group_name=name)


@pytest.mark.parametrize("name", ["\xa0", "~", "!"])
def test_neighbours_of_the_control_characters_are_none(name: str) -> None:
    given().when(a_group(name)).then(created(1, name))


@pytest.mark.parametrize("name", [*CONTROL, "", "x" * 33, CHINESE_33, "ok\ud800"])
def test_a_name_that_only_selects_a_group_merely_misses(name: str) -> None:
    for selecting in (
        DeleteGroup(group_name=name),
        RenameGroup(group_name=name, new_name="x"),
        AddConversations(group_name=name, conversation_ids=("C2Ca",)),
    ):
        given(a_group("One")).when(selecting).then_refused(GroupNotFound, group_name=name)


@pytest.mark.parametrize(
    "other", ["suppliers", "SUPPLIERS", " Suppliers", "Suppliers ", "Supplier\u0455", "Suppliers\u200b"]
)
def test_names_are_compared_byte_for_byte(other: str) -> None:
    past = given(a_group("Suppliers"))
    past.when(a_group(other)).then(created(2, other))
    past.when(DeleteGroup(group_name=other)).then_refused(GroupNotFound, group_name=other)
    past.when(RenameGroup(group_id=1, new_name=other)).then(renamed(1, "Suppliers", other))


def test_the_two_unicode_forms_of_one_letter_are_two_names() -> None:
    given(a_group("caf\u00e9")).when(a_group("cafe\u0301")).then(created(2, "cafe\u0301"))


def test_a_number_as_a_name_is_no_id() -> None:
    past = given(a_group("One"), a_group("1"))
    assert past.when(DeleteGroup(group_name="1")).outcome.group_id == 2
    assert past.when(DeleteGroup(group_id=1)).outcome.group_name == "One"
