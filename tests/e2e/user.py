"""One user's calls over HTTP, as a client program makes them."""

from typing import Any

import httpx


class User:
    """Sends this user's commands and asks for this user's groups."""

    def __init__(self, client: httpx.Client, name: str, **headers: str) -> None:
        self.name = name
        self._client = client
        self._path = f"/v1/users/{name}"
        self._headers = headers

    def send(self, command: str, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        """Send a command; `fields` are those of its JSON."""
        body = {"command": command, **fields}
        return self._client.post(f"{self._path}/commands", json=body, headers=self._headers | (headers or {}))

    def done(self, command: str, **fields: Any) -> dict[str, Any]:
        """Send a command that must succeed, and give the answer."""
        answer = self.send(command, **fields)
        assert answer.status_code == 200, f"{command} {fields}: {answer.text}"
        return dict(answer.json())

    def refused(self, status: int, command: str, **fields: Any) -> dict[str, Any]:
        """Send a command that must be refused with this status, and give the problem document."""
        answer = self.send(command, **fields)
        assert answer.status_code == status, f"{command} {fields}: {answer.text}"
        assert answer.headers["Content-Type"] == "application/problem+json"
        return dict(answer.json())

    def get(self, path: str, **query: Any) -> httpx.Response:
        """Ask for what is below the user's path, and give whatever comes."""
        return self._client.get(f"{self._path}/{path}", params=query)

    def ask(self, path: str, **query: Any) -> dict[str, Any]:
        """Ask for what is below the user's path."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, f"{path} {query}: {answer.text}"
        return dict(answer.json())

    def group_names(self) -> list[str]:
        """List the groups by name, in the user's order."""
        return [group["groupName"] for group in self.ask("groups")["groups"]]

    def conversations_in(self, group: str) -> list[str]:
        """List what is in a group."""
        return [
            row["conversationID"] for row in self.ask("conversations", groupName=group, limit=1000)["conversations"]
        ]

    def history(self) -> list[dict[str, Any]]:
        """Tell every event, page by page."""
        events: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.ask("history", after=after, limit=100)
            events += page["events"]
            after = page["next"]
        return events
