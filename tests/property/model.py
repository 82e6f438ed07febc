"""The groups of one user as a model: naive, slow, and right by looking at it.

Written from the decided semantics, not from the code: names by ID, the order of the IDs, and ONE list of all the
memberships that stand, in the order they were made. Commands come as their JSON, answers go as plain dictionaries.
"""

import unicodedata
from copy import deepcopy
from typing import Any

Answer = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an answer
    """The command is refused whole; its argument is the kind of the refusal."""


def holds_controls(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def is_malformed(conversation_id: str) -> bool:
    prefixed = any(conversation_id.startswith(p) and len(conversation_id) > len(p) for p in ("C2C", "GROUP"))
    return not prefixed or len(conversation_id.encode()) > 128 or holds_controls(conversation_id)


def without_doubles(ids: list[str]) -> list[str]:
    return sorted(set(ids), key=ids.index)


class Model:
    """One user's groups."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.order: list[int] = []
        self.memberships: list[tuple[int, str]] = []
        self.revision = 0
        self.ids_used = 0
        self.recorded: list[tuple[Any, ...]] = []

    def carry_out(self, command: dict[str, Any], limits: dict[str, Any], *, entitled: bool) -> Answer:
        """Do what the command says and tell what was done."""
        self.recorded = []
        try:
            self.check_the_command(command, limits, entitled=entitled)
            answer = getattr(self, command["command"])(command, limits)
        except Refused as refused:
            return {"refused": str(refused)}
        self.revision += len(self.recorded)
        return {"items": [], "evicted": [], **answer, "revision": self.revision, "recorded": self.recorded}

    def check_the_command(self, command: dict[str, Any], limits: dict[str, Any], *, entitled: bool) -> None:
        if not entitled:
            raise Refused("PackageMissing")
        given = {"CreateGroup": command.get("groupName"), "RenameGroup": command.get("newName")}.get(command["command"])
        if given is not None and holds_controls(given):
            raise Refused("ControlCharacters")
        if given is not None and not 1 <= len(given.encode()) <= limits["nameBytes"]:
            raise Refused("GroupNameLength")
        if any(conversation_id in command.get("add", []) for conversation_id in command.get("remove", [])):
            raise Refused("InBothLists")
        lists = [command[name] for name in ("conversationIDs", "remove", "add") if name in command]
        if lists:
            count = len({conversation_id for ids in lists for conversation_id in ids})
            least = 0 if command["command"] == "CreateGroup" else 1
            if count < least or count > limits["conversationsPerCommand"]:
                raise Refused("ConversationCount")
        expected = command.get("expectedRevision")
        if expected is not None and expected != self.revision:
            raise Refused("RevisionConflict")

    def the_group(self, command: dict[str, Any]) -> int:
        for group_id, name in self.names.items():
            if group_id == command.get("groupID") or name == command.get("groupName"):
                return group_id
        raise Refused("GroupNotFound")

    def CreateGroup(self, command: dict[str, Any], limits: dict[str, Any]) -> Answer:  # noqa: N802
        name, ids = command["groupName"], command["conversationIDs"]
        if name in self.names.values():
            return self.changed(self.the_group(command), limits, [], ids)
        if len(self.names) >= limits["groups"]:
            raise Refused("TooManyGroups")
        before = deepcopy(self.__dict__)
        self.ids_used += 1
        self.names[self.ids_used] = name
        self.order.append(self.ids_used)
        self.recorded.append(("group-created", self.ids_used, name))
        answer = self.changed(self.ids_used, limits, [], ids)
        if ids and all(isinstance(code, int) for _, code in answer["items"]):
            self.__dict__.update(before)
            return {"groupID": None, "groupName": name, "items": answer["items"]}
        return answer

    def DeleteGroup(self, command: dict[str, Any], _: dict[str, Any]) -> Answer:  # noqa: N802
        group = self.the_group(command)
        name = self.names.pop(group)
        self.order.remove(group)
        self.recorded.append(("group-deleted", group, name, self.members(group)))
        self.memberships = [m for m in self.memberships if m[0] != group]
        return {"groupID": group, "groupName": name}

    def RenameGroup(self, command: dict[str, Any], _: dict[str, Any]) -> Answer:  # noqa: N802
        group, old, new = self.the_group(command), self.names[self.the_group(command)], command["newName"]
        if new != old:
            if new in self.names.values():
                raise Refused("GroupNameTaken")
            self.names[group] = new
            self.recorded.append(("group-renamed", group, new, old))
        return {"groupID": group, "groupName": new}

    def AddConversations(self, command: dict[str, Any], limits: dict[str, Any]) -> Answer:  # noqa: N802
        return self.changed(self.the_group(command), limits, [], command["conversationIDs"])

    def RemoveConversations(self, command: dict[str, Any], limits: dict[str, Any]) -> Answer:  # noqa: N802
        return self.changed(self.the_group(command), limits, command["conversationIDs"], [])

    def UpdateConversations(self, command: dict[str, Any], limits: dict[str, Any]) -> Answer:  # noqa: N802
        return self.changed(self.the_group(command), limits, command["remove"], command["add"])

    def ReorderGroup(self, command: dict[str, Any], _: dict[str, Any]) -> Answer:  # noqa: N802
        group, before, old = self.the_group(command), command["before"], list(self.order)
        if before is not None and before not in self.names:
            raise Refused("GroupNotFound")
        if before != group:
            others = [g for g in self.order if g != group]
            place = len(others) if before is None else others.index(before)
            self.order = [*others[:place], group, *others[place:]]
        if self.order != old:
            self.recorded.append(("groups-reordered", group, self.names[group], self.order))
        return {"groupID": group, "groupName": self.names[group]}

    def changed(self, group: int, limits: dict[str, Any], remove: list[str], add: list[str]) -> Answer:
        """Take some out of the group, then put others in, and make room for them by the policy."""
        items = self.taken_out(group, remove)
        joined: list[str] = []
        evicted: list[str] = []
        for c in without_doubles(add):
            if is_malformed(c):
                items.append((c, 2503))
            elif (group, c) in self.memberships:
                items.append((c, "already"))
            elif (victims := self.victims(c, joined, evicted, limits, spared={*remove, *add})) is None:
                items.append((c, 51008))
            else:
                items.append((c, "added"))
                evicted += victims
                joined.append(c)

        for other in self.order:
            if gone := [c for c in evicted if (other, c) in self.memberships]:
                self.recorded.append(("conversations-removed", other, self.names[other], gone, "evicted"))
        self.memberships = [m for m in self.memberships if m[1] not in evicted]
        self.memberships += [(group, c) for c in joined]
        if joined:
            self.recorded.append(("conversations-added", group, self.names[group], joined))
        return {"groupID": group, "groupName": self.names[group], "items": items, "evicted": evicted}

    def taken_out(self, group: int, remove: list[str]) -> list[tuple[str, str | int]]:
        items: list[tuple[str, str | int]] = []
        left = []
        for c in without_doubles(remove):
            there = (group, c) in self.memberships
            items.append((c, 2503 if is_malformed(c) else "removed" if there else "absent"))
            if there:
                self.memberships.remove((group, c))
                left.append(c)
        if left:
            self.recorded.append(("conversations-removed", group, self.names[group], left, "removed"))
        return items

    def victims(
        self, new: str, joined: list[str], evicted: list[str], limits: dict[str, Any], spared: set[str]
    ) -> list[str] | None:
        """Name those who must leave before `new` fits; None where it cannot fit."""
        if new in self.grouped():
            return []
        staying = [c for c in self.grouped() if c not in evicted]
        held = {*staying, *joined}
        too_many = len(held) + 1 - limits["conversations"]
        if too_many <= 0:
            return []
        may_leave = [c for c in staying if c not in spared]
        if limits["overflow"] == "reject" or too_many > len(may_leave):
            return None
        return may_leave[:too_many]

    def grouped(self) -> list[str]:
        """List the different conversations in any group, by the earliest membership that stands."""
        return without_doubles([conversation_id for _, conversation_id in self.memberships])

    def members(self, group: int) -> list[str]:
        return [conversation_id for g, conversation_id in self.memberships if g == group]

    def lists(self) -> list[tuple[int, str, list[str]]]:
        return [(group, self.names[group], self.members(group)) for group in self.order]

    def groups_of(self) -> dict[str, list[int]]:
        return {c: [g for g, other in self.memberships if other == c] for c in self.grouped()}
