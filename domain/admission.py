"""Which conversations may join a group, under the app's limit of different conversations."""

from collections.abc import Sequence
from functools import cached_property

from domain.groups import Group, UserConversationGroups
from domain.limits import Limits
from domain.outcomes import Item
from domain.refusals import MalformedConversationID, TooManyConversations
from domain.values import is_conversation_id


class Admission:
    """The outcome for each conversation that would join `group`, in the order given.

    One that is already in a group of the user always fits. With the overflow policy `evict-oldest` the oldest
    conversations make room, but never one that the command names: neither in `ids` nor in `spare`.
    """

    def __init__(
        self,
        state: UserConversationGroups,
        group: Group,
        ids: Sequence[str],
        limits: Limits,
        spare: Sequence[str] = (),
    ) -> None:
        self.items: list[Item] = []
        self.added: list[str] = []
        self.evicted: list[str] = []
        self._state = state
        self._limits = limits
        self._ids, self._spare = ids, spare
        self._room = limits.conversations - len(state.groups_of)
        for conversation_id in dict.fromkeys(ids):
            if not is_conversation_id(conversation_id):
                self.items.append(Item.refused(conversation_id, MalformedConversationID()))
            elif conversation_id in group.joined:
                self.items.append(Item(conversation_id, "already"))
            elif conversation_id in state.groups_of or self._take_room():
                self.items.append(Item(conversation_id, "added"))
                self.added.append(conversation_id)
            else:
                self.items.append(Item.refused(conversation_id, TooManyConversations(limits.conversations)))

    def _take_room(self) -> bool:
        """Take room for one conversation that is new to the user's groups, made by eviction where it may be."""
        missing = max(0, 1 - self._room)
        if missing > 0:
            if self._limits.overflow == "reject" or missing > len(self._evictable):
                return False
            self.evicted += [self._evictable.pop() for _ in range(missing)]
        self._room += missing - 1
        return True

    @cached_property
    def _evictable(self) -> list[str]:
        """The conversations that may make room, the oldest last."""
        named = {*self._ids, *self._spare}
        others = (key for key in self._state.groups_of if key not in named)
        return sorted(others, key=self._state.age, reverse=True)
