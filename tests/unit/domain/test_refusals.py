"""A refusal says what is wrong and what to do, and survives everything that Python does with exceptions."""

import copy
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from domain.refusals import (
    ControlCharacters,
    ConversationCount,
    GroupNameLength,
    GroupNameTaken,
    GroupNotFound,
    InBothLists,
    KeyReused,
    MalformedConversationID,
    MalformedUserID,
    PackageMissing,
    Refusal,
    RevisionConflict,
    TooManyConversations,
    TooManyGroups,
)

CASES: list[tuple[Refusal, int | None, dict[str, object], list[str]]] = [
    (MalformedUserID(), 50002, {}, ["64 bytes"]),
    (PackageMissing(), 51013, {}, ["edition"]),
    (ControlCharacters("a\x00"), 50002, {"group_name": "a\x00"}, [r"'a\x00'"]),
    (GroupNameLength(33, 32), 51011, {"length": 33, "limit": 32}, ["33", "32 bytes"]),
    (InBothLists("C2Ca"), 50002, {"conversation_id": "C2Ca"}, ["C2Ca", "remove", "add"]),
    (ConversationCount(101, 100), 51006, {"count": 101, "limit": 100}, ["101", "100"]),
    (RevisionConflict(6, 7), None, {"expected_revision": 6, "current_revision": 7}, ["6", "7"]),
    (GroupNotFound("Suppliers"), 51009, {"group_name": "Suppliers"}, ["name 'Suppliers'"]),
    (GroupNotFound(7), 51009, {"group_id": 7}, ["ID 7"]),
    (GroupNameTaken("Suppliers", 3), 50002, {"group_name": "Suppliers", "group_id": 3}, ["Suppliers", "3"]),
    (TooManyGroups(20), 51010, {"limit": 20}, ["20"]),
    (MalformedConversationID(), 2503, {}, ["C2C", "GROUP", "128 bytes"]),
    (TooManyConversations(1000), 51008, {"limit": 1000}, ["1000"]),
    (KeyReused(), None, {}, ["key"]),
]
each_refusal = pytest.mark.parametrize("refusal", [case[0] for case in CASES], ids=repr)


def all_kinds(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for below in kind.__subclasses__():
        yield below
        yield from all_kinds(below)


def test_every_kind_is_tested_here() -> None:
    assert {type(case[0]) for case in CASES} == set(all_kinds())


@pytest.mark.parametrize(("refusal", "code", "facts", "told"), CASES, ids=[repr(case[0]) for case in CASES])
def test_every_refusal_has_its_number_its_facts_and_a_message_that_names_them(
    refusal: Refusal, code: int | None, facts: dict[str, object], told: list[str]
) -> None:
    assert refusal.code == code
    assert refusal.facts() == facts
    assert all(part in str(refusal) for part in told), str(refusal)
    assert str(refusal).endswith(".")


def test_the_refusals_that_another_state_would_have_allowed_are_these_four() -> None:
    assert {kind for kind in all_kinds() if kind.reads_state} == {
        GroupNotFound,
        GroupNameTaken,
        RevisionConflict,
        TooManyGroups,
    }


@each_refusal
def test_its_arguments_make_it_again(refusal: Refusal) -> None:
    same = type(refusal)(*json.loads(json.dumps(refusal.args)))
    assert (str(same), same.facts()) == (str(refusal), refusal.facts())


@each_refusal
def test_it_survives_pickle_and_copy(refusal: Refusal) -> None:
    for same in (pickle.loads(pickle.dumps(refusal)), copy.copy(refusal), copy.deepcopy(refusal)):
        assert type(same) is type(refusal)
        assert (str(same), same.facts(), same.args) == (str(refusal), refusal.facts(), refusal.args)


@each_refusal
def test_a_note_is_no_fact(refusal: Refusal) -> None:
    noted = copy.copy(refusal)
    noted.add_note("while importing line 7")
    assert (str(noted), noted.facts()) == (str(refusal), refusal.facts())
    assert pickle.loads(pickle.dumps(noted)).__notes__ == ["while importing line 7"]


@each_refusal
def test_it_passes_through_a_context_manager_and_is_raised_again(refusal: Refusal) -> None:
    @contextmanager
    def passing() -> Iterator[None]:
        try:
            yield
        except Refusal as seen:
            seen.add_note("seen")
            raise

    raised = copy.copy(refusal)
    with pytest.raises(type(refusal)) as caught, passing():
        raise raised
    assert caught.value is raised
    with pytest.raises(type(refusal)):
        raise caught.value from ValueError("a cause")
