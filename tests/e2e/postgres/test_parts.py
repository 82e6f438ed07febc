"""`convgroups serve --only`: the parts of the service in processes of their own, on one database."""

import httpx
import pytest

from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold, assert_topic_is_the_log
from tests.e2e.conftest import NewService
from tests.e2e.consumer import events, read_changes
from tests.e2e.load import Clients
from tests.e2e.postgres.database import VIEWS, assert_views_are_the_fold, owned_by, owners, positions, wait_for_views
from tests.e2e.recorded import read_log
from tests.e2e.service import Service, eventually
from tests.e2e.user import User


def status_codes(service: Service, *paths: str) -> list[int]:
    with service.client() as client:
        return [client.get(path).status_code for path in paths]


def test_only_api_follows_nothing_and_reads_what_another_process_was_told(
    new_service: NewService, postgres_url: str
) -> None:
    one, other = (new_service(None, None, "--only=api", database=postgres_url) for _ in range(2))
    for service in (one, other):
        service.start()
        assert service.readiness()[1].keys() == {"database", "feed"}
    with one.client() as told, other.client() as asked:
        for number in range(20):
            answer = User(told, "alice").done("CreateGroup", groupName=f"group {number}")
            user = User(asked, "alice")
            assert user.ask("groups")["revision"] == answer["revision"] == number + 1
            assert user.history()[-1]["eventID"] == answer["events"][0]["eventID"]
            assert user.ask(f"groups/{answer['groupID']}")["groupName"] == f"group {number}"
    with Clients(one, "only api", other, users=4) as clients:
        clients.wait_for(answers=200)
    assert owners(postgres_url) == {}
    assert set(positions(postgres_url).values()) == {0}
    log = read_log(postgres_url)
    assert_commands_are_recorded_once(
        clients.sent, [recorded for recorded in log if recorded.event["userID"] != "alice"]
    )
    for service in (one, other):
        with service.client() as client:
            assert_reads_are_the_fold(client, clients.users, log)
        service.stop()


def test_only_views_keeps_them_and_serves_nothing_but_how_it_is(new_service: NewService, postgres_url: str) -> None:
    api, views = (new_service(None, None, f"--only={part}", database=postgres_url) for part in ("api", "views"))
    api.start()
    views.start()
    with Clients(api, "only views", users=4) as clients:
        clients.wait_for(answers=200)
    wait_for_views(postgres_url)
    assert owned_by(views, *VIEWS)
    assert_views_are_the_fold(postgres_url, read_log(postgres_url))
    assert views.readiness()[0] == 200
    assert views.readiness()[1].keys() == {"database", *VIEWS}
    assert status_codes(views, "/healthz", "/readyz", "/metrics") == [200, 200, 200]
    assert status_codes(views, "/v1/users/alice/groups", "/docs", "/openapi.json", "/") == [404] * 4
    with views.client() as client:
        assert "convgroups_follower_lag_events" in client.get("/metrics").text
        body = {"command": "CreateGroup", "groupName": "x"}
        assert client.post("/v1/users/alice/commands", json=body).status_code == 404
    views.stop()
    api.stop()


def test_each_part_may_run_on_its_own_and_a_relay_stands_by_for_another(
    new_service: NewService, postgres_url: str, kafka: str, kafka_prefix: str
) -> None:
    topic = f"{kafka_prefix}.events.v1"
    api = new_service(None, None, "--only=api,views", database=postgres_url)
    one, other = (new_service(kafka, kafka_prefix, "--only=relay", database=postgres_url) for _ in range(2))
    api.start()
    one.start()
    eventually(lambda: owned_by(one, "relay"), "the first relays")
    other.start()
    with Clients(api, "relays", users=4) as clients:
        clients.wait_for(answers=100)
        read_changes(kafka, topic, events(50))
        assert other.readiness()[1]["relay"]["detail"] == "stands by: another process follows"
        one.kill()
        eventually(lambda: owned_by(other, "relay"), "the other takes over")
        one.start()
        clients.wait_for(answers=100)
        read_changes(kafka, topic, events(150))
        other.stop()
        eventually(lambda: owned_by(one, "relay"), "the first takes over again")
        clients.wait_for(answers=100)
    log = read_log(postgres_url)
    assert_commands_are_recorded_once(clients.sent, log)
    read_changes(kafka, topic, events(len(log)))
    one.stop()
    assert_topic_is_the_log(read_changes(kafka, topic, events(len(log))), log)


@pytest.mark.parametrize("arguments", [["--only=views", "--workers=2"], ["--only=api", "--workers=2"]])
def test_parts_may_have_workers(new_service: NewService, postgres_url: str, arguments: list[str]) -> None:
    service = new_service(None, None, *arguments, database=postgres_url)
    service.start()
    assert httpx.get(f"{service.url}/readyz", timeout=30).json()["status"] in ("ready", "not ready")
    assert service.stop() < 10
