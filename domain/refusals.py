"""Why a command is not carried out, with the product's number where it has one.

Every refusal is raised before anything is recorded. Its arguments are its facts: `type(r)(*r.args)` makes it again.
"""

from typing import Any, ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A command was understood and is not carried out; the message says what to do next."""

    code: ClassVar[int | None] = None
    """The product's error code."""

    reads_state: ClassVar[bool] = False
    """Whether another state would have let the command pass: then a repeated key gets the same refusal again."""

    def facts(self) -> dict[str, Any]:
        """Give what a program needs to go on, by field name."""
        return {name: value for name, value in vars(self).items() if name != "__notes__"}


class MalformedUserID(Refusal):
    """A user ID has 1 to 64 bytes of UTF-8 without control characters and without a slash."""

    code = 50002

    def __str__(self) -> str:
        return "A user ID has 1 to 64 bytes of UTF-8, without control characters and without '/'."


class PackageMissing(Refusal):
    """The app's edition does not include conversation groups."""

    code = 51013

    def __str__(self) -> str:
        return "This app's edition does not include conversation groups; its administrator can change the edition."


class ControlCharacters(Refusal):
    """A name that is being given holds control characters."""

    code = 50002

    def __init__(self, group_name: str) -> None:
        super().__init__(group_name)
        self.group_name = group_name

    def __str__(self) -> str:
        return f"The group name {self.group_name!r} holds control characters; leave them out."


class GroupNameLength(Refusal):
    """A name that is being given is empty or too long."""

    code = 51011

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(length, limit)
        self.length = length
        self.limit = limit

    def __str__(self) -> str:
        return f"A group name has 1 to {self.limit} bytes of UTF-8; this one has {self.length}."


class InBothLists(Refusal):
    """One update would remove and add the same conversation."""

    code = 50002

    def __init__(self, conversation_id: str) -> None:
        super().__init__(conversation_id)
        self.conversation_id = conversation_id

    def __str__(self) -> str:
        return f"{self.conversation_id!r} is in both `remove` and `add`; name it in one of them."


class ConversationCount(Refusal):
    """A command names no conversation, or too many."""

    code = 51006

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(count, limit)
        self.count = count
        self.limit = limit

    def __str__(self) -> str:
        return f"A command names 1 to {self.limit} different conversations; this one names {self.count}."


class RevisionConflict(Refusal):
    """The command was decided on another revision than the user's current one."""

    reads_state = True

    def __init__(self, expected_revision: int, current_revision: int) -> None:
        super().__init__(expected_revision, current_revision)
        self.expected_revision = expected_revision
        self.current_revision = current_revision

    def __str__(self) -> str:
        return f"Revision {self.expected_revision} was expected, {self.current_revision} is current; read again first."


class GroupNotFound(Refusal):
    """The user has no such group."""

    code = 51009
    reads_state = True

    def __init__(self, group: str | int) -> None:
        super().__init__(group)
        self.group = group

    def __str__(self) -> str:
        named = f"ID {self.group}" if isinstance(self.group, int) else f"the name {self.group!r}"
        return f"This user has no group with {named}."

    def facts(self) -> dict[str, Any]:
        """Name the group as the command did."""
        return {"group_id" if isinstance(self.group, int) else "group_name": self.group}


class GroupNameTaken(Refusal):
    """The new name is another group's."""

    code = 50002
    reads_state = True

    def __init__(self, group_name: str, group_id: int) -> None:
        super().__init__(group_name, group_id)
        self.group_name = group_name
        self.group_id = group_id

    def __str__(self) -> str:
        return f"Group {self.group_id} of this user already has the name {self.group_name!r}; choose another one."


class TooManyGroups(Refusal):
    """The user has as many groups as the app allows."""

    code = 51010
    reads_state = True

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"A user has at most {self.limit} groups; delete one that is no longer used."


class MalformedConversationID(Refusal):
    """One conversation of a command: not an ID."""

    code = 2503

    def __str__(self) -> str:
        return "A conversation ID is C2C or GROUP and an ID: at most 128 bytes, without control characters."


class TooManyConversations(Refusal):
    """One conversation of a command: the user's groups already hold as many as the app allows."""

    code = 51008

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"The groups of one user hold at most {self.limit} different conversations; remove some first."


class KeyReused(Refusal):
    """The idempotency key was used with another command."""

    def __str__(self) -> str:
        return "This idempotency key was used with another command; use a new key for a new command."
