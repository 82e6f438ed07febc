"""Checks come in one order: of two rules that a command breaks at once, the earlier one refuses it.

Each command is built with any set of faults, in the order of the checks; every pair of faults is tried, and each fault
alone, so that no pair passes for want of a fault.
"""

from collections.abc import Callable
from itertools import combinations

import pytest

from domain.commands import (
    AddConversations,
    Command,
    CreateGroup,
    DeleteGroup,
    RemoveConversations,
    RenameGroup,
    ReorderGroup,
    UpdateConversations,
)
from domain.refusals import (
    ControlCharacters,
    ConversationCount,
    GroupNameLength,
    GroupNameTaken,
    GroupNotFound,
    InBothLists,
    PackageMissing,
    Refusal,
    RevisionConflict,
    TooManyGroups,
)
from tests.unit.domain.scenario import Given, a_group, given

Faults = set[type[Refusal]] | frozenset[type[Refusal]]

PAST = given(a_group("One", "C2Ca"), a_group("Two", "C2Cb"))
"""Stands at revision 4."""


def name(faults: Faults) -> str:
    control = "\x07" if ControlCharacters in faults else ""
    length = "x" * 33 if GroupNameLength in faults else "New"
    return "Two" if GroupNameTaken in faults and not control and length == "New" else control + length


def selected(faults: Faults) -> str:
    return "Nowhere" if GroupNotFound in faults else "One"


def ids(faults: Faults) -> tuple[str, ...]:
    return tuple(f"C2C{n}" for n in range(101)) if ConversationCount in faults else ("nonsense", "C2Cc")


def revision(faults: Faults) -> int:
    return 3 if RevisionConflict in faults else 4


def create(faults: Faults) -> Command:
    return CreateGroup(group_name=name(faults), conversation_ids=ids(faults), expected_revision=revision(faults))


def delete(faults: Faults) -> Command:
    return DeleteGroup(group_name=selected(faults), expected_revision=revision(faults))


def rename(faults: Faults) -> Command:
    return RenameGroup(group_name=selected(faults), new_name=name(faults), expected_revision=revision(faults))


def add(faults: Faults) -> Command:
    return AddConversations(
        group_name=selected(faults), conversation_ids=ids(faults), expected_revision=revision(faults)
    )


def remove(faults: Faults) -> Command:
    return RemoveConversations(
        group_name=selected(faults), conversation_ids=ids(faults), expected_revision=revision(faults)
    )


def update(faults: Faults) -> Command:
    both = ids(faults)[:1] if InBothLists in faults else ()
    return UpdateConversations(
        group_name=selected(faults), remove=both, add=ids(faults), expected_revision=revision(faults)
    )


def reorder(faults: Faults) -> Command:
    return ReorderGroup(group_name=selected(faults), before=2, expected_revision=revision(faults))


CHAINS: dict[Callable[[Faults], Command], list[type[Refusal]]] = {
    create: [PackageMissing, ControlCharacters, GroupNameLength, ConversationCount, RevisionConflict, TooManyGroups],
    delete: [PackageMissing, RevisionConflict, GroupNotFound],
    rename: [
        PackageMissing,
        ControlCharacters,
        GroupNameLength,
        RevisionConflict,
        GroupNotFound,
        GroupNameTaken,
    ],
    add: [PackageMissing, ConversationCount, RevisionConflict, GroupNotFound],
    remove: [PackageMissing, ConversationCount, RevisionConflict, GroupNotFound],
    update: [PackageMissing, InBothLists, ConversationCount, RevisionConflict, GroupNotFound],
    reorder: [PackageMissing, RevisionConflict, GroupNotFound],
}


def policy(faults: Faults) -> Given:
    past = PAST.under(groups=2 if TooManyGroups in faults else 3)
    return past.without_the_package() if PackageMissing in faults else past


PAIRS = [
    pytest.param(build, earlier, later, id=f"{build.__name__}: {earlier.__name__} before {later.__name__}")
    for build, chain in CHAINS.items()
    for earlier, later in combinations(chain, 2)
]


@pytest.mark.parametrize(("build", "earlier", "later"), PAIRS)
def test_the_earlier_rule_refuses(
    build: Callable[[Faults], Command], earlier: type[Refusal], later: type[Refusal]
) -> None:
    faults = {earlier, later}
    assert type(policy(faults).when(build(faults)).refusal) is earlier


@pytest.mark.parametrize("build", CHAINS, ids=lambda build: build.__name__)
def test_each_fault_alone_is_refused_and_none_passes(build: Callable[[Faults], Command]) -> None:
    for fault in CHAINS[build]:
        assert type(policy({fault}).when(build({fault})).refusal) is fault
    assert policy(frozenset()).when(build(frozenset())).refusal is None


def test_the_conversations_come_last_each_for_itself() -> None:
    """Every refusal above met a malformed conversation too; alone it is an item of a success."""
    full = PAST.under(groups=3, conversations=2)
    assert [item.code for item in full.when(create(frozenset())).outcome.items] == [2503, 51008]
    assert [item.code for item in full.when(add(frozenset())).outcome.items] == [2503, 51008]
