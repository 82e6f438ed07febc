"""An event that this version cannot read stops the views, visibly; nothing else."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from domain.values import stream_id
from tests.integration.answers import assert_problem
from tests.integration.feeding import frames_of
from tests.integration.service import Place, Service, running, wait_until

APP = 1_400_000_000
LATER = "conversation-groups.group-archived.v1"


def append_unknown(place: Place, user: str, revision: int) -> None:
    """Append an event as a later version might have written it."""
    if isinstance(place, str):
        values = (stream_id(APP, user), revision, LATER, b'{"groupID": 1}')
        with psycopg.connect(place) as postgres:
            postgres.execute(
                "INSERT INTO stored_events SELECT %s, %s, %s, %s, max(notification_id) + 1 FROM stored_events", values
            )
        return
    row = (stream_id(APP, user).hex, revision, LATER, b'{"groupID": 1}')
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)", row
        )


@pytest.fixture
def poisoned(place: Place) -> Iterator[Service]:
    """Give a service whose views have stopped at an event of mallory's, behind one of alice's."""
    with running(place) as service:
        service.done("alice", "CreateGroup", groupName="before", conversationIDs=["C2Ca"])
        service.wait_for_views()
        append_unknown(place, "mallory", 1)
        wait_until(lambda: all(thread.stopped_by for thread in service.threads), "the views to stop")
        yield service


def test_ready_says_which_view_stopped_and_at_what(poisoned: Service) -> None:
    response = poisoned.client.get("/readyz")
    assert response.status_code == 503
    database, *views, feed = response.json()["checks"]
    assert database == {"name": "database", "ok": True, "detail": "answers; the log has 3 events"}
    assert [(view["name"], view["ok"]) for view in views] == [
        ("group-lists", False),
        ("history", False),
        ("snapshots", False),
    ]
    assert feed == {"name": "feed", "ok": True, "detail": "0 listen"}
    assert all(LATER in view["detail"] and "stopped" in view["detail"] for view in views)
    assert poisoned.client.get("/healthz").status_code == 200


def test_the_live_feed_stops_at_what_is_recorded_while_somebody_listens_and_says_so(
    poisoned: Service, place: Place, user: str
) -> None:
    with frames_of(poisoned.client, user) as frames:
        next(frames)
        append_unknown(place, "trudy", 1)
        assert list(frames) == [], "it is let go"
    checks = {check["name"]: check for check in poisoned.client.get("/readyz").json()["checks"]}
    assert not checks["feed"]["ok"]
    assert LATER in checks["feed"]["detail"]
    refused = poisoned.client.get(f"/v1/users/{user}/events")
    assert_problem(refused, 503, "unavailable", 50005)


def test_the_metrics_go_on_and_tell_the_lag(poisoned: Service) -> None:
    poisoned.done("alice", "CreateGroup", groupName="after")
    lines = poisoned.client.get("/metrics").text.splitlines()
    assert 'convgroups_follower_lag_events{follower="group-lists"} 2.0' in lines
    assert any(line.startswith('convgroups_follower_lag_seconds{follower="history"}') for line in lines)


def test_commands_and_reads_of_others_go_on(poisoned: Service) -> None:
    poisoned.done("alice", "RenameGroup", groupID=1, newName="after")
    poisoned.done("bob", "CreateGroup", groupName="bob's", conversationIDs=["C2Cb"])
    assert (poisoned.names("alice"), poisoned.names("bob")) == (["after"], ["bob's"])
    assert poisoned.read("bob", "groups/1")["conversationIDs"] == ["C2Cb"]
    assert [event["revision"] for event in poisoned.history("alice")] == [1, 2, 3]
    assert {view.checkpoint() for view in poisoned.store.views.values()} == {2}


def test_for_that_user_nothing_is_guessed(poisoned: Service) -> None:
    head = poisoned.head()
    for what in ("groups", "conversations", "history"):
        response = poisoned.client.get(f"/v1/users/mallory/{what}")
        assert_problem(response, 500, "internal-error", 50004)
    assert_problem(poisoned.send("mallory", "CreateGroup", groupName="x"), 500, "internal-error", 50004)
    assert poisoned.head() == head


def test_a_restart_stops_at_it_again_and_a_version_that_reads_it_goes_on(place: Place) -> None:
    with running(place) as service:
        service.done("alice", "CreateGroup", groupName="before")
        service.wait_for_views()
    append_unknown(place, "mallory", 1)
    with running(place) as service:
        wait_until(lambda: all(thread.stopped_by for thread in service.threads), "the views to stop")
        assert service.client.get("/readyz").status_code == 503
        assert service.client.get("/metrics").status_code == 200
        assert {view.checkpoint() for view in service.store.views.values()} == {1}
        service.done("alice", "CreateGroup", groupName="after")
        assert service.names("alice") == ["before", "after"]
