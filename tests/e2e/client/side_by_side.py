"""Three ways to the same commands: the API of this service, the product's REST calls, and the client in JavaScript.

Each gives what became of a command, and the groups at the end, in the same words.
"""

from typing import Any, Final, NamedTuple, Protocol

import httpx

from tests.e2e.client.device import Device

Answer = dict[str, Any]

CALLS: Final = {
    "CreateGroup": "createConversationGroup",
    "AddConversations": "addConversationsToGroup",
    "RemoveConversations": "deleteConversationsFromGroup",
}


class Asked(NamedTuple):
    """A command that each of the three can say."""

    command: str
    group: str
    ids: tuple[str, ...] = ()
    new_name: str = ""


class Became(NamedTuple):
    """What became of a command."""

    code: int | None = None
    """Why it was refused as a whole."""

    succeeded: tuple[str, ...] = ()
    """The conversations, in the order given."""

    failed: tuple[tuple[str, int], ...] = ()
    """Those that were refused and why, by ID: the client tells first of those that it did not send."""


class Groups(NamedTuple):
    """One user's groups."""

    names: list[str]
    """In the user's order."""

    groups_of: list[tuple[str, list[str]]]
    """Each grouped conversation with the groups it is in, in the order of joining; by ID."""


class Side(Protocol):
    """One way, as one user."""

    def begin(self, asked: Asked) -> Any:
        """Send a command; what it gives is for `became`."""
        ...

    def became(self, sent: Any) -> Became:
        """Wait for what became of it."""
        ...

    def groups(self) -> Groups:
        """Ask for the groups."""
        ...


class Native:
    """The API of this service."""

    def __init__(self, http: httpx.Client, app: int, user: str) -> None:
        self._http, self._headers, self._path = http, {"App-ID": str(app)}, f"/v1/users/{user}"

    def begin(self, asked: Asked) -> httpx.Response:
        """Send a command."""
        body: Answer = {"command": asked.command, "groupName": asked.group}
        if asked.command in CALLS:
            body["conversationIDs"] = asked.ids
        if asked.command == "RenameGroup":
            body["newName"] = asked.new_name
        return self._http.post(f"{self._path}/commands", json=body, headers=self._headers)

    def became(self, sent: httpx.Response) -> Became:
        """Read the answer."""
        answer = sent.json()
        if sent.status_code != httpx.codes.OK:
            return Became(answer["code"])
        return done(answer["successConversationIDList"], answer["failureConversationIDList"])

    def groups(self) -> Groups:
        """Ask for the groups, and for what is in them."""
        names = [group["groupName"] for group in self.ask("groups")["groups"]]
        found = self.ask("conversations?limit=1000")["conversations"]
        return Groups(names, sorted((one["conversationID"], one["conversationGroupList"]) for one in found))

    def ask(self, what: str) -> Answer:
        """Ask something about the user."""
        answer: Answer = self._http.get(f"{self._path}/{what}", headers=self._headers).json()
        return answer

    def recorded(self) -> list[Answer]:
        """Give the history without what is of this user, and of this time, alone."""
        own = ("eventID", "userID", "actor", "device", "recordedAt", "commandID", "correlationID", "causationID")
        return [
            {name: value for name, value in event.items() if name not in (*own, "position")}
            for event in self.ask("history?limit=1000")["events"]
        ]


class Rest:
    """The product's REST calls."""

    def __init__(self, http: httpx.Client, app: int, user: str) -> None:
        self._http, self._user = http, user
        self._query: dict[str, Any] = {
            "sdkappid": app,
            "identifier": user,
            "usersig": "any",
            "random": 1,
            "contenttype": "json",
        }

    def begin(self, asked: Asked) -> Answer:
        """Send a command."""
        contacts = [contact_of(conversation_id) for conversation_id in asked.ids]
        match asked.command:
            case "CreateGroup":
                group = {"GroupName": asked.group, "ContactItem": contacts}
                return self._call("create_contact_group", GroupContactItem=[group])
            case "DeleteGroup":
                return self._call("del_contact_group", GroupName=[asked.group])
            case "RenameGroup":
                change: Answer = {"UpdateGroupType": 1, "NewGroupName": asked.new_name}
            case _:
                how = 1 if asked.command == "AddConversations" else 2
                items = [{"ContactOptType": how, "ContactItem": contact} for contact in contacts]
                change = {"UpdateGroupType": 2, "ContactUpdateItem": items}
        change["OldGroupName"] = asked.group
        return self._call("update_contact_group", UpdateType=1, UpdateGroup=change)

    def became(self, sent: Answer) -> Became:
        """Read the answer; a conversation that was given twice is told of twice."""
        if sent["ErrorCode"]:
            return Became(sent["ErrorCode"])
        [created] = sent.get("GroupResultItem", [{}])
        items = [*created.get("ResultItem", []), *sent.get("UpdateGroupResult", {}).get("ContactResultItem", [])]
        codes = {id_of(item["ContactItem"]): item["ResultCode"] for item in items}
        failures = [{"conversationID": one, "code": code} for one, code in codes.items() if code]
        return done([one for one, code in codes.items() if not code], failures)

    def groups(self) -> Groups:
        """Ask for the groups, and for what is in them."""
        answer = self._call("get_contact_group", StartIndex=0)
        assert answer["CompleteFlag"] == 1
        names = {group["GroupId"]: group["GroupName"] for group in answer["GroupItem"]}
        found = [(id_of(one), [names[group] for group in one["ContactGroupId"]]) for one in answer["ContactItem"]]
        return Groups(list(names.values()), sorted(found))

    def _call(self, call: str, **body: Any) -> Answer:
        sent = {"From_Account": self._user, **body}
        answer: Answer = self._http.post(f"/v4/recentcontact/{call}", params=self._query, json=sent).json()
        return answer


class JavaScript:
    """The client in JavaScript, on a device where the user has logged in."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def begin(self, asked: Asked) -> int:
        """Send a command."""
        match asked.command:
            case "DeleteGroup":
                return self._device.begin("deleteConversationGroup", asked.group)
            case "RenameGroup":
                return self._device.begin(
                    "renameConversationGroup", {"oldName": asked.group, "newName": asked.new_name}
                )
            case command:
                return self._device.begin(CALLS[command], {"groupName": asked.group, "conversationIDList": asked.ids})

    def became(self, sent: int) -> Became:
        """Wait for what the promise becomes."""
        reply = self._device.reply(sent)
        if "rejected" in reply:
            return Became(reply["rejected"]["code"])
        data = (reply["result"] or {}).get("data", {})
        return done(data.get("successConversationIDList", []), data.get("failureConversationIDList", []))

    def groups(self) -> Groups:
        """Ask what the device knows."""
        return Groups(self._device.groups(), sorted(self._device.conversations().items()))


def done(succeeded: list[str], failed: list[Answer]) -> Became:
    """Tell of a command that was carried out."""
    return Became(None, tuple(succeeded), tuple(sorted((one["conversationID"], one["code"]) for one in failed)))


def contact_of(conversation_id: str) -> Answer:
    """Say a conversation ID, which has one of the prefixes, in the product's way."""
    if conversation_id.startswith("C2C"):
        return {"Type": 1, "To_Account": conversation_id.removeprefix("C2C")}
    return {"Type": 2, "ToGroupId": conversation_id.removeprefix("GROUP")}


def id_of(contact: Answer) -> str:
    """Give the conversation ID that the product's way names."""
    return f"C2C{contact['To_Account']}" if contact["Type"] == 1 else f"GROUP{contact['ToGroupId']}"
