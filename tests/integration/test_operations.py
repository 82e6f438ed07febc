"""What whoever runs the service asks: alive, ready, how much."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.follow import stop_all
from tests.integration.service import Service, running, wait_until

NONE = {"events": 0, "seconds": 0.0}


@pytest.fixture
def own(database: Path) -> Iterator[Service]:
    """Give a service of the test's own, whose figures begin at zero."""
    with running(database) as service:
        yield service


def figures(service: Service) -> dict[tuple[str, ...], float]:
    """Read the metrics: by name and the values of the labels."""
    response = service.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_alive(service: Service) -> None:
    response = service.client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


def test_ready_names_each_check(own: Service) -> None:
    own.done("alice", "CreateGroup", groupName="x", conversationIDs=["C2Ca"])
    own.wait_for_views()
    wait_until(lambda: "0 events" in own.client.get("/readyz").text, "the followers to know where they are")
    response = own.client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": [
            {"name": "database", "ok": True, "detail": "answers; the log has 2 events"},
            {"name": "group-lists", "ok": True, "detail": "0 events, 0.0 s behind", "lag": NONE},
            {"name": "history", "ok": True, "detail": "0 events, 0.0 s behind", "lag": NONE},
            {"name": "snapshots", "ok": True, "detail": "0 events, 0.0 s behind", "lag": NONE},
            {"name": "feed", "ok": True, "detail": "0 listen"},
        ],
    }


def test_the_metrics_count_requests_by_route_and_status(own: Service) -> None:
    own.done("alice", "CreateGroup", groupName="x")
    own.send("alice", "DeleteGroup", groupName="y")
    own.names("alice")
    own.names("bob")
    own.client.get("/v1/users/a%2Fb/groups")
    own.client.get("/nowhere")
    own.client.put("/v1/users/alice/groups")
    found = figures(own)
    requests = "convgroups_requests_total"
    assert found[requests, "/v1/users/{userID}/commands", "200"] == 1
    assert found[requests, "/v1/users/{userID}/commands", "404"] == 1
    assert found[requests, "/v1/users/{userID}/groups", "200"] == 2
    assert found[requests, "none", "400"] == 1
    assert found[requests, "none", "404"] == 1
    assert found["convgroups_request_seconds_count", "/v1/users/{userID}/groups"] == 3
    assert not [name for name, *_ in found if name.endswith("_created")]
    assert not [labels for labels in found if "alice" in "".join(labels)]


def test_the_metrics_count_what_became_of_commands(own: Service) -> None:
    key = {"Idempotency-Key": "k"}
    for _ in range(3):
        own.send("alice", "CreateGroup", groupName="x", conversationIDs=["C2Ca", "b", "c"], headers=key)
    own.send("alice", "CreateGroup", groupName="z", headers=key)
    for name in ("y", "z"):
        own.send("alice", "DeleteGroup", groupName=name)
    own.send("alice", "DeleteGroup", groupName="x", expectedRevision=1)
    own.send("alice", "CreateGroup", groupName="dry", dry_run=True)
    found = figures(own)
    commands, refusals = "convgroups_commands_total", "convgroups_refusals_total"
    assert found[commands, "CreateGroup", "done"] == 1
    assert found[commands, "CreateGroup", "replayed"] == 2
    assert found[commands, "CreateGroup", "refused"] == 1
    assert found[commands, "DeleteGroup", "refused"] == 3
    assert found[refusals, "2503"] == 2
    assert found[refusals, "51009"] == 2
    assert found[refusals, "RevisionConflict"] == 1
    assert found[refusals, "KeyReused"] == 1


def test_the_metrics_tell_commits_and_their_size(own: Service) -> None:
    own.done("alice", "CreateGroup", groupName="x", conversationIDs=["C2Ca"])
    own.done("alice", "DeleteGroup", groupName="x")
    own.done("alice", "CreateGroup", groupName="x", conversationIDs=["nonsense"])
    found = figures(own)
    assert found[("convgroups_commit_events_count",)] == 2
    assert found[("convgroups_commit_events_sum",)] == 3
    assert found["convgroups_commit_events_bucket", "1.0"] == 1


def test_the_metrics_tell_how_far_each_view_is_behind(own: Service) -> None:
    own.done("alice", "CreateGroup", groupName="x")
    own.wait_for_views()
    events, seconds = "convgroups_follower_lag_events", "convgroups_follower_lag_seconds"
    views = list(own.store.views)
    wait_until(lambda: [figures(own).get((events, view)) for view in views] == [0, 0, 0], "the views to have no lag")
    assert [figures(own)[seconds, view] for view in views] == [0, 0, 0]


def test_a_view_that_is_late_makes_the_service_unready_and_is_named(database: Path) -> None:
    with running(database) as service:
        service.done("alice", "CreateGroup", groupName="x")
        service.wait_for_views()
        lists, history, _ = service.threads
        wait_until(lambda: lists.lag() == history.lag() == (0, 0.0), "the followers to know where they are")
        stop_all([lists])
        service.done("alice", "CreateGroup", groupName="y", conversationIDs=["C2Ca"])
        wait_until(lambda: history.lag() == (0, 0.0), "the other view")
        wait_until(lambda: late_after_5_s(service), "5 s to pass")
        assert figures(service)["convgroups_follower_lag_events", "group-lists"] == 2
        assert service.names("alice") == ["x", "y"]


def late_after_5_s(service: Service) -> bool:
    """Tell whether the service calls itself not ready, which it does from the 5th second on, for this view alone."""
    response = service.client.get("/readyz")
    ready = response.status_code == 200
    behind = re.fullmatch(r"2 events, ([0-9.]+) s behind", response.json()["checks"][1]["detail"])
    assert behind is not None
    assert ready == (float(behind[1]) <= 5.0) or behind[1] == "5.0"
    assert response.json()["status"] == ("ready" if ready else "not ready")
    assert [check["name"] for check in response.json()["checks"] if not check["ok"]] == (
        [] if ready else ["group-lists"]
    )
    return not ready
