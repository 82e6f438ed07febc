"""The bodies of the product's calls, and the commands that they are."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field
from pydantic.alias_generators import to_pascal
from pydantic_core import to_json

from domain.commands import (
    AddConversations,
    Command,
    CreateGroup,
    DeleteGroup,
    RemoveConversations,
    RenameGroup,
    UpdateConversations,
)

C2C, GROUP_CHAT = 1, 2
"""What `Type` of a contact means."""

ADD, REMOVE = 1, 2
"""What `ContactOptType` means."""

_NAMED: Final = {C2C: ("C2C", "To_Account"), GROUP_CHAT: ("GROUP", "ToGroupId")}
"""By the `Type` of a contact the prefix of its conversation ID, and which field holds the rest."""

Contact = dict[str, Any]
"""One conversation, as the product names it; whatever else it is, it is answered for itself."""


class Body(BaseModel):
    """What is sent; as in the product, what is not known is passed over."""

    model_config = ConfigDict(alias_generator=to_pascal, strict=True, frozen=True, extra="ignore")


class OfUser(Body):
    """What every call says."""

    from_account: str = Field(alias="From_Account")
    """Whose groups."""


class NewGroup(Body):
    """A group to be made, and what is to be in it."""

    group_name: str
    contact_item: Annotated[tuple[Contact, ...], FailFast()] = ()


class CreateBody(OfUser):
    """`create_contact_group`."""

    group_contact_item: tuple[NewGroup, ...] = Field(min_length=1, max_length=1)
    """The product takes one at a time, and so does this."""

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """The contacts that are answered for, in this order."""
        return self.group_contact_item[0].contact_item

    @property
    def command(self) -> Command:
        """The command that it is."""
        [group] = self.group_contact_item
        return CreateGroup(group_name=group.group_name, conversation_ids=ids_of(group.contact_item))


class DeleteBody(OfUser):
    """`del_contact_group`."""

    group_name: tuple[str, ...] = Field(min_length=1, max_length=1)

    @property
    def command(self) -> Command:
        """The command that it is."""
        return DeleteGroup(group_name=self.group_name[0])


class Change(Body):
    """One contact that joins or leaves."""

    contact_opt_type: Literal[1, 2]
    contact_item: Contact


class Rename(Body):
    """`UpdateGroup` with another name."""

    update_group_type: Literal[1]
    old_group_name: str
    new_group_name: str

    @property
    def command(self) -> Command:
        """The command that it is."""
        return RenameGroup(group_name=self.old_group_name, new_name=self.new_group_name)


class ChangeContacts(Body):
    """`UpdateGroup` with contacts that join and leave, as one change."""

    update_group_type: Literal[2]
    old_group_name: str
    contact_update_item: Annotated[tuple[Change, ...], FailFast()] = ()

    @property
    def command(self) -> Command:
        """The command that it is: removals and additions in one where there are both."""
        name, changes = self.old_group_name, self.contact_update_item
        remove = ids_of(change.contact_item for change in changes if change.contact_opt_type == REMOVE)
        add = ids_of(change.contact_item for change in changes if change.contact_opt_type == ADD)
        if remove and add:
            return UpdateConversations(group_name=name, remove=remove, add=add)
        if remove:
            return RemoveConversations(group_name=name, conversation_ids=remove)
        return AddConversations(group_name=name, conversation_ids=add)


class UpdateBody(OfUser):
    """`update_contact_group`."""

    update_type: Literal[1] = 1
    """The product knows another one, a conversation in several groups, on its own connections only."""

    update_group: Annotated[Rename | ChangeContacts, Field(discriminator="update_group_type")]

    @property
    def command(self) -> Command:
        """The command that it is."""
        return self.update_group.command


class GetBody(OfUser):
    """`get_contact_group`."""

    start_index: int = Field(default=0, ge=0)


class SearchBody(OfUser):
    """`search_contact_group`."""

    contact_item: Annotated[tuple[Contact, ...], FailFast()]


CommandBody = CreateBody | DeleteBody | UpdateBody
QuestionBody = GetBody | SearchBody


def ids_of(contacts: Any) -> tuple[str, ...]:
    """Name the conversations of these contacts."""
    return tuple(map(conversation_id, contacts))


def conversation_id(contact: Contact) -> str:
    """Name a contact's conversation; of what is no contact give its JSON, which is no conversation ID."""
    prefix, field = _named_by(contact)
    named = contact.get(field) if field else None
    return prefix + named if isinstance(named, str) else to_json(contact).decode()


def as_sent(contact: Contact) -> Contact:
    """Repeat a contact in an answer: of its two names the one that its `Type` asks for."""
    _, field = _named_by(contact)
    return {"Type": contact["Type"], field: contact[field]} if field and field in contact else contact


def contact_of(conversation: str) -> Contact:
    """Give the contact that a conversation ID names."""
    kind = C2C if conversation.startswith("C2C") else GROUP_CHAT
    prefix, field = _NAMED[kind]
    return {"Type": kind, field: conversation.removeprefix(prefix)}


def _named_by(contact: Contact) -> tuple[str, str]:
    kind = contact.get("Type")
    return _NAMED.get(kind, ("", "")) if type(kind) is int else ("", "")
