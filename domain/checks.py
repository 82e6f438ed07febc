"""The checks that need nothing but the command and the app's limits."""

from typing import assert_never

from domain.commands import (
    Command,
)
from domain.limits import Limits
from domain.refusals import ControlCharacters, ConversationCount, GroupNameLength, InBothLists
from domain.values import has_control_characters, utf8_length


def check_values_given(command: Command, limits: Limits) -> None:
    """Refuse a name that no group may have, and an update that contradicts itself."""
    match command.command:
        case "CreateGroup":
            _check_name(command.group_name, limits)
        case "RenameGroup":
            _check_name(command.new_name, limits)
        case "UpdateConversations":
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
    match command.command:
        case "CreateGroup":
            least, count = 0, len(set(command.conversation_ids))
        case "AddConversations" | "RemoveConversations":
            least, count = 1, len(set(command.conversation_ids))
        case "UpdateConversations":
            least, count = 1, len(set(command.remove)) + len(set(command.add))
        case "DeleteGroup" | "RenameGroup" | "ReorderGroup":
            return
        case _:
            assert_never(command)
    if not least <= count <= limits.conversations_per_command:
        raise ConversationCount(count, limits.conversations_per_command)
