"""People who keep their conversations in groups, as people do: believable traffic."""

import asyncio
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from urllib.parse import quote

import httpx


def words(text: str) -> list[str]:
    """Give the words of a list."""
    return text.strip().split(", ")


FIRST = words("ada, amara, bilal, chen, diego, elif, emma, fatima, giulia, hiro, ines, jonas, kofi, lena, mei, nadia")
LAST = words(
    "adeyemi, bianchi, costa, dubois, evans, fischer, garcia, haddad, ito, jansen, kim, lopez, mehta, novak, okafor, "
    "petrov, quispe, rossi, silva, wang"
)
GROUPS = words(
    "Family, Familie, Família, 家人, 가족, Семья, Οικογένεια, Work, Arbeit, Trabajo, 工作, 仕事, Suppliers, "
    "Fournisseurs, 供应商, 产品体验, 需求研发, Customers, Kunden, Football, Fußball, Fútbol, Choir, Book club, 读书会, "
    "旅行, Sailing, Voyages, Ferien, Vizinhos, School, 学校, Doctors, Volunteers, Weekend, Urgent, Later, Todo"
)
TEAMS = words("design, sales, support, parents, choir, trip-2026, release, lunch, alumni, board, garden, carpool")
TOO_LONG = "Everyone I met at the conference last spring"


class Person:
    """One user: what they believe their groups to be, and what they do next."""

    def __init__(self, name: str, random: Random, love_of_order: float) -> None:
        self.name = name
        self._love_of_order = love_of_order
        self._random = random
        self._groups: dict[str, list[str]] = {}

    def next_command(self) -> dict[str, Any]:
        """Do what people do; now and then it goes wrong."""
        if not self._groups or self._random.random() < self._love_of_order:
            return {"command": "CreateGroup", "groupName": self._new_name(), "conversationIDs": self._contacts(4)}
        group = self._random.choice(list(self._groups))
        match self._random.choices(
            ["add", "remove", "update", "rename", "move", "delete", "slip"], [9, 4, 2, 2, 2, 1, 2]
        )[0]:
            case "remove" if members := self._groups[group]:
                return {"command": "RemoveConversations", "groupName": group, "conversationIDs": members[:1]}
            case "update" if members := self._groups[group]:
                contacts = [contact for contact in self._contacts(2) if contact not in members]
                return {"command": "UpdateConversations", "groupName": group, "remove": members[:1], "add": contacts}
            case "rename":
                return {"command": "RenameGroup", "groupName": group, "newName": self._new_name()}
            case "move" if len(self._groups) > 1:
                return {"command": "ReorderGroup", "groupName": group, "before": None}
            case "delete":
                return {"command": "DeleteGroup", "groupName": group}
            case "slip":
                return self._slip(group)
        return {"command": "AddConversations", "groupName": group, "conversationIDs": self._contacts(3)}

    def learn(self, command: dict[str, Any], answer: dict[str, Any]) -> None:
        """See what became of a command."""
        if "revision" not in answer:
            return
        members = self._groups.pop(command["groupName"], [])
        if command["command"] != "DeleteGroup":
            gone = [item["conversationID"] for item in answer["items"] if item["outcome"] == "removed"]
            come = [item["conversationID"] for item in answer["items"] if item["outcome"] == "added"]
            self._groups[answer["groupName"]] = [one for one in members if one not in gone] + come

    def _slip(self, group: str) -> dict[str, Any]:
        slips: list[dict[str, Any]] = [
            {"command": "CreateGroup", "groupName": TOO_LONG},
            {"command": "DeleteGroup", "groupName": self._new_name()},
            {"command": "AddConversations", "groupName": group, "conversationIDs": [*self._contacts(2), "my sister"]},
        ]
        return self._random.choice(slips)

    def _new_name(self) -> str:
        return self._random.choice([name for name in GROUPS if name not in self._groups])

    def _contacts(self, most: int) -> list[str]:
        people = [f"C2C{name}" for name in self._random.sample(list(names()), self._random.randint(1, most))]
        return people if self._random.random() < 0.7 else [f"GROUP{self._random.choice(TEAMS)}", *people[1:]]


def names() -> Iterator[str]:
    """Give the names of all people."""
    return (f"{first}.{last}" for last in LAST for first in FIRST)


def in_words(command: dict[str, Any]) -> str:
    """Say what a command asks for."""
    group = f"“{command['groupName']}”"
    many = len(command.get("conversationIDs", []))
    return {
        "CreateGroup": f"make {group}" + (f" with {many}" if many else ""),
        "AddConversations": f"add {many} to {group}",
        "RemoveConversations": f"remove {many} from {group}",
        "UpdateConversations": f"change what is in {group}",
        "RenameGroup": f"rename {group} to “{command.get('newName')}”",
        "ReorderGroup": f"move {group} to the end",
        "DeleteGroup": f"delete {group}",
    }[command["command"]]


Told = Callable[[str, dict[str, Any], dict[str, Any]], None]


async def traffic(url: str, people: int, rate: float, told: Told) -> None:
    """Let so many people, a few of them busy, send `rate` commands a second; `told` is told each with its answer."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as client, asyncio.TaskGroup() as tasks:
        activity = {name: (number + 1) ** -0.8 for number, name in zip(range(people), names(), strict=False)}
        for number, (name, share) in enumerate(activity.items()):
            # Some people make group after group, and so find out how many they may have.
            person = Person(name, Random(number), love_of_order=0.7 if number % 10 == 0 else 0.08)
            tasks.create_task(_live(person, sum(activity.values()) / share / rate, client, told))


async def _live(person: Person, pause: float, client: httpx.AsyncClient, told: Told) -> None:
    random = Random(person.name)
    while True:
        await asyncio.sleep(random.expovariate(1 / pause))
        command = person.next_command()
        answer = (await client.post(f"/v1/users/{quote(person.name)}/commands", json=command)).json()
        person.learn(command, answer)
        told(person.name, command, answer)
