"""The JavaScript client in Node, as a device of a user that a test can tell what to do."""

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

from tests.services.node import Node

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "adapters" / "web" / "client" / "index.js"
PROGRAM = Path(__file__).with_name("device.mjs")
PATIENCE = 30.0
APP = 1400000000

NAMES, CONVERSATIONS, IN_GROUP = (
    "onConversationGroupListUpdated",
    "onConversationListUpdated",
    "onConversationInGroupUpdated",
)

Event = tuple[str, Any]


class Device:
    """One instance of the client, in a process of its own."""

    def __init__(self, node: Node, url: str, *, app: int = APP, client: Path = CLIENT) -> None:
        self.heard: list[Event] = []
        """Every event so far, with its data."""

        self._replies: dict[int, dict[str, Any]] = {}
        self._asked = 0
        self._changed = Condition()
        options = json.dumps({"SDKAppID": app, "baseURL": url})
        self._process = subprocess.Popen(
            [node.program, str(PROGRAM), str(client), options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._reader = Thread(target=self._read, name="device")
        self._reader.start()

    def login(self, user: str, usersig: str = "any") -> Self:
        """Log in, and forget the events that this brings."""
        assert self.result("login", {"userID": user, "userSig": usersig})["code"] == 0
        self.heard.clear()
        return self

    def result(self, method: str, *given: Any) -> Any:
        """Call, and give what the promise resolves to; None for undefined."""
        reply = self.reply(self.begin(method, *given))
        assert "result" in reply, reply
        assert reply["nothing"] or reply["result"] is not None
        return reply["result"]

    def rejected(self, method: str, *given: Any) -> tuple[int, str]:
        """Call, and give code and message that the promise is rejected with."""
        reply = self.reply(self.begin(method, *given))
        assert reply["rejected"]["isError"]
        return reply["rejected"]["code"], reply["rejected"]["message"]

    def thrown(self, method: str, *given: Any) -> str:
        """Call, and give the message of what is thrown at once."""
        reply = self.reply(self.begin(method, *given))
        assert "code" not in reply["thrown"]
        message: str = reply["thrown"]["message"]
        return message

    def begin(self, method: str, *given: Any) -> int:
        """Call, and do not wait."""
        return self._ask(method=method, given=given)

    def run(self, text: str) -> dict[str, Any]:
        """Run JavaScript with `tim` and `TIM`: what it called with what result, and what it printed."""
        reply = self.reply(self._ask(text=text))
        assert "failed" not in reply, reply
        return reply

    def printed(self) -> list[list[Any]]:
        """Give what the text that was run has printed by now."""
        found: list[list[Any]] = self.reply(self._ask())["printed"]
        return found

    def reply(self, number: int) -> dict[str, Any]:
        """Wait for what became of a call."""
        self.wait_until(lambda: number in self._replies, f"the answer to call {number}")
        return self._replies.pop(number)

    def answered(self, number: int) -> bool:
        """Tell whether a call has its answer."""
        return number in self._replies

    def hears(self, *events: Event) -> None:
        """See that these events came, in this order, and no others; whatever is under way ends first."""
        self.wait_until(lambda: len(self.heard) >= len(events), f"{len(events)} events")
        assert self.heard == list(events), f"heard {self.heard}, expected {events}"
        self.heard.clear()

    def groups(self) -> list[str]:
        """Give the names of the groups, as this device knows them."""
        names: list[str] = self.result("getConversationGroupList")["data"]
        return names

    def conversations(self, options: Any = None) -> dict[str, list[str]]:
        """Give conversations with their groups, as this device knows them."""
        found = self.result("getConversationList", *([] if options is None else [options]))["data"]["conversationList"]
        return {one["conversationID"]: one["conversationGroupList"] for one in found}

    def wait_until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until what is told makes this true."""
        with self._changed:
            assert self._changed.wait_for(true, PATIENCE), f"waited for {what}; heard {self.heard}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            self._process.kill()
            self._reader.join(PATIENCE)

    def _ask(self, **what: Any) -> int:
        self._asked += 1
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"number": self._asked, **what}) + "\n")
        self._process.stdin.flush()
        return self._asked

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with suppress(json.JSONDecodeError):  # what the client itself says on the console
                said = json.loads(line)
                with self._changed:
                    if "event" in said:
                        self.heard.append((said["event"]["name"], said["event"].get("data")))
                    else:
                        self._replies[said["number"]] = said
                    self._changed.notify_all()


def told(conversation_id: str, *groups: str) -> dict[str, Any]:
    """Give a conversation as events and reads show it."""
    kind = "GROUP" if conversation_id.startswith("GROUP") else "C2C"
    return {"conversationID": conversation_id, "type": kind, "conversationGroupList": list(groups)}
