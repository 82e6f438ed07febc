"""What may be asked of a user's conversation groups."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, FailFast, Field, TypeAdapter, model_validator

from domain.values import GroupID, Revision, WireModel

ConversationIDs = Annotated[tuple[str, ...], FailFast()]
"""Whatever was given as conversations: `decide` answers for each one. Reading ends at the first that is no text."""


class BaseCommand(WireModel):
    """What every command may carry."""

    model_config = ConfigDict(extra="forbid")

    expected_revision: Revision | None = None
    """The user's revision that the command was decided on; another current revision refuses it."""


class OnGroup(BaseCommand):
    """A command on one group, which is named by its name or by its ID."""

    group_name: str | None = None
    group_id: GroupID | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.group_name is None) == (self.group_id is None):
            raise ValueError("give exactly one of groupName and groupID")
        return self

    @property
    def group(self) -> str | int:
        """The group's name or its ID, whichever was given."""
        return self.group_name if self.group_name is not None else self.group_id  # type: ignore[return-value]  # validated


class CreateGroup(BaseCommand):
    """Make a group; onto a name that exists, add the conversations to that group."""

    command: Literal["CreateGroup"] = "CreateGroup"
    group_name: str
    conversation_ids: ConversationIDs = ()


class DeleteGroup(OnGroup):
    """Take a group away; its conversations stay in their other groups."""

    command: Literal["DeleteGroup"] = "DeleteGroup"


class RenameGroup(OnGroup):
    """Give a group another name; its ID and its place stay."""

    command: Literal["RenameGroup"] = "RenameGroup"
    new_name: str


class AddConversations(OnGroup):
    """Put conversations into a group."""

    command: Literal["AddConversations"] = "AddConversations"
    conversation_ids: ConversationIDs


class RemoveConversations(OnGroup):
    """Take conversations out of a group."""

    command: Literal["RemoveConversations"] = "RemoveConversations"
    conversation_ids: ConversationIDs


class UpdateConversations(OnGroup):
    """Take conversations out of a group and put others in, as one change; removals first."""

    command: Literal["UpdateConversations"] = "UpdateConversations"
    remove: ConversationIDs = ()
    add: ConversationIDs = ()


class ReorderGroup(OnGroup):
    """Move a group to just before another one, or to the end."""

    command: Literal["ReorderGroup"] = "ReorderGroup"
    before: GroupID | None
    """The group to stand before; None for the end."""


Command = (
    CreateGroup
    | DeleteGroup
    | RenameGroup
    | AddConversations
    | RemoveConversations
    | UpdateConversations
    | ReorderGroup
)

parse_command: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="command")])
"""Reads a command from its JSON (`validate_json`), strictly; raises pydantic's `ValidationError`."""
