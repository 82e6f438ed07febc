"""How it is now: each user's groups, put together from the topic `<prefix>.groups.v1`."""

import json
from typing import Any, NamedTuple

from convgroups_client.errors import BootstrapError


class Group(NamedTuple):
    """One group."""

    group_id: int
    name: str
    conversation_ids: tuple[str, ...]
    """In the order they were added."""


class UserGroups(NamedTuple):
    """All groups of one user, as of a revision."""

    sdk_app_id: int
    user_id: str
    revision: int
    groups: tuple[Group, ...]
    """In the user's order."""

    @property
    def user(self) -> str:
        """Name the user across apps: the key of the user's events, `<sdkAppID>:<userID>`."""
        return f"{self.sdk_app_id}:{self.user_id}"


class Assembly:
    """The newest records of many users, on their way to `UserGroups`."""

    def __init__(self) -> None:
        self._users: dict[tuple[int, str], dict[int, Any]] = {}

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take in the next record."""
        app, number, user_id = key.decode().split(":", 2)
        records = self._users.setdefault((int(app), user_id), {})
        if value is None:
            records.pop(int(number), None)
        else:
            records[int(number)] = json.loads(value)

    def users(self) -> list[UserGroups]:
        """Give everybody's groups; raises `BootstrapError` where a record is missing."""
        return [_user_groups(app, user_id, records) for (app, user_id), records in self._users.items() if records]


def _user_groups(sdk_app_id: int, user_id: str, records: dict[int, Any]) -> UserGroups:
    try:
        order = records[0]["groups"]
        states = [records[group["groupID"]] for group in order]
    except KeyError as missing:
        raise BootstrapError(
            f"The record {sdk_app_id}:{missing}:{user_id} is missing in the groups topic. Begin again; if it stays so, "
            "have the topic made anew with `convgroups rebuild groups-topic`."
        ) from missing
    groups = tuple(Group(one["groupID"], one["groupName"], tuple(one["conversationIDs"])) for one in states)
    return UserGroups(sdk_app_id, user_id, max(record["revision"] for record in records.values()), groups)
