"""Any command, from pools that are small enough for commands to meet, malformed and refused ones among them."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

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
from domain.limits import Limits

GOOD_NAMES = ["A", "B", "b", "Suppliers", "产品体验", "需求研发", "E\u0301", "É"]
BAD_NAMES = ["", "x" * 34, "产品体验需求研发分组名", "bell\x07", "next\x85line"]
GOOD_IDS = [*(f"C2C{letter}" for letter in "abcdefghij"), "GROUP1", "GROUP产品"]
BAD_IDS = ["nonsense", "C2C", "c2ca", "GROUP\x00", "C2C" + "x" * 126]

KINDS: list[type[Command]] = [
    *3 * [CreateGroup],
    *5 * [AddConversations],
    *2 * [RemoveConversations],
    *3 * [UpdateConversations],
    *2 * [RenameGroup],
    *2 * [ReorderGroup],
    DeleteGroup,
]

names = st.sampled_from(3 * GOOD_NAMES + BAD_NAMES)
conversation_ids = st.lists(st.sampled_from(6 * GOOD_IDS + BAD_IDS), max_size=6).map(tuple)
once_in_ten = st.sampled_from([*9 * [False], True])


@st.composite
def a_command(draw: st.DrawFn, groups: Mapping[int, str], revision: int) -> Command:
    """Draw a command for a user who has these groups: mostly on one of them, now and then on one that is missing."""

    def one(missing: st.SearchStrategy[Any]) -> Any:
        return draw(missing if not groups or draw(once_in_ten) else st.sampled_from(sorted(groups)))

    fields: dict[str, Any] = {}
    kind = draw(st.sampled_from(KINDS))
    if draw(once_in_ten):
        fields["expected_revision"] = draw(st.sampled_from([0, max(0, revision - 1), revision, revision + 1]))
    if kind is CreateGroup:
        fields["group_name"] = draw(names)
    else:
        group_id = one(st.integers(1, 9))
        by_name = draw(st.booleans())
        fields |= {"group_name": groups.get(group_id, draw(names))} if by_name else {"group_id": group_id}
    match kind.__name__:
        case "CreateGroup" | "AddConversations" | "RemoveConversations":
            fields["conversation_ids"] = draw(conversation_ids)
        case "UpdateConversations":
            remove, add = draw(conversation_ids), draw(conversation_ids)
            fields["remove"] = remove if draw(once_in_ten) else tuple(c for c in remove if c not in add)
            fields["add"] = add
        case "RenameGroup":
            fields["new_name"] = draw(names)
        case "ReorderGroup":
            fields["before"] = None if draw(once_in_ten) else one(st.integers(1, 9))
    return kind(**fields)


limits: st.SearchStrategy[Limits] = st.builds(
    Limits,
    groups=st.integers(2, 6),
    name_bytes=st.sampled_from([9, 12, 32, 32, 33]),
    conversations_per_command=st.sampled_from([2, 5, 8, 100]),
    conversations=st.integers(1, 10),
    overflow=st.sampled_from(["reject", "evict-oldest", "evict-oldest"]),
)
