"""The tables as they lie in the database, read with psycopg alone: what the service says of itself is not asked."""

from typing import Any

import psycopg

from tests.e2e.fold import Groups, fold
from tests.e2e.postgres.processes import processes
from tests.e2e.recorded import Recorded
from tests.e2e.service import PATIENCE, Service, eventually

VIEWS = ("group-lists", "history", "snapshots")


def rows(url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def owners(url: str) -> dict[str, tuple[str, int]]:
    """Tell for each follower that somebody runs who that is, and how often it was taken."""
    found = rows(url, "SELECT name, owner, epoch FROM followers WHERE expires_at > clock_timestamp()")
    return {name: (owner, epoch) for name, owner, epoch in found}


def owned_by(service: Service, *followers: str) -> bool:
    """Tell whether processes of this service run all of these followers."""
    running, own = owners(service.database), processes(service.process.pid)
    return all(name in running and int(running[name][0].rpartition(":")[2]) in own for name in followers)


def positions(url: str) -> dict[str, int]:
    return dict(rows(url, "SELECT name, position FROM followers"))


def wait_for_views(url: str, seconds: float = PATIENCE) -> int:
    """Wait until every view has what the log has now, and tell how much that is."""
    head: int = rows(url, "SELECT coalesce(max(notification_id), 0) FROM stored_events")[0][0]

    def caught_up() -> bool:
        reached = positions(url)
        return all(reached[view] >= head for view in VIEWS)

    eventually(caught_up, f"the views reach {head}", seconds)
    return head


def assert_views_are_the_fold(url: str, log: list[Recorded]) -> None:
    """The tables of the views hold what a fold of the log gives, and of each event one row."""
    told = rows(url, "SELECT position, type, event FROM history ORDER BY position")
    assert told == [(recorded.position, recorded.type, recorded.value) for recorded in log]
    users = {recorded.event["userID"] for recorded in log}
    for user in users:
        assert _listed(url, user) == fold(recorded.event for recorded in log if recorded.event["userID"] == user)
    assert {user for (user,) in rows(url, "SELECT user_id FROM group_lists_users")} == users
    assert set(positions(url).values()) <= {0, len(log)}


def _listed(url: str, user: str) -> Groups:
    [(stream, revision)] = rows(url, "SELECT stream, revision FROM group_lists_users WHERE user_id = %s", user)
    groups = rows(
        url,
        "SELECT group_id, name, conversation_count FROM group_lists_groups WHERE stream = %s ORDER BY place",
        stream,
    )
    joins = rows(
        url,
        "SELECT group_id, conversation_id FROM group_lists_memberships WHERE stream = %s ORDER BY revision, place",
        stream,
    )
    names = {group: name for group, name, _ in groups}
    listed = [(group, name, [key for into, key in joins if into == group]) for group, name, _ in groups]
    assert [count for *_, count in groups] == [len(keys) for *_, keys in listed]
    return Groups(revision, listed, {key: [names[into] for into, other in joins if other == key] for _, key in joins})
