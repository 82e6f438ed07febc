"""The checks that need nothing but the command and the app's limits."""

from typing import assert_never

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
from domain.refusals import ControlCharacters, ConversationCount, GroupNameLength, InBothLists
from domain.values import has_control_characters, utf8_length


def check_values_given(command: Command, limits: Limits) -> None:
    """Refuse a name that no group may have, and an update that contradicts itself."""
    match command:
        case CreateGroup(group_name=name) | RenameGroup(new_name=name):
            _check_name(name, limits)
        case UpdateConversations():
            added = set(command.add)
            for conversation_id in command.remove:
                if conversation_id in added:
                    raise InBothLists(conversation_id)
        case _:
            pass


def _check_name(name: str, limits: Limits) -> None:
    if has_control_characters(name):
        raise ControlCharacters(name)
    length = utf8_length(name)
    if length is None or not 1 <= length <= limits.name_bytes:
        raise GroupNameLength(length or 0, limits.name_bytes)


def check_count(command: Command, limits: Limits) -> None:
    """Refuse a command that names too many different conversations, or none. Malformed ones count."""
    match command:
        case CreateGroup(conversation_ids=ids):
            least, count = 0, len(set(ids))
        case AddConversations(conversation_ids=ids) | RemoveConversations(conversation_ids=ids):
            least, count = 1, len(set(ids))
        case UpdateConversations(remove=remove, add=add):
            least, count = 1, len(set(remove)) + len(set(add))
        case DeleteGroup() | RenameGroup() | ReorderGroup():
            return
        case _:
            assert_never(command)
    if not least <= count <= limits.conversations_per_command:
        raise ConversationCount(count, limits.conversations_per_command)
