"""Pages of other origins: with authentication off only those that are named may call, and they can read answers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.answers import assert_problem
from tests.integration.service import Service, running
from tests.integration.signed import apps_in, signed

APP, FOREIGN = "https://app.example.com", "https://evil.example"
CREATE = '{"command": "CreateGroup", "groupName": "x"}'


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    origins = f"{APP}, http://localhost:5173 ,HTTPS://Upper.example:443"
    with running(tmp_path_factory.mktemp("opened") / "log.db", cors_origins=origins) as service:
        yield service


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("signed")
    with running(folder / "log.db", auth="usersig", apps_file=apps_in(folder), cors_origins=APP) as service:
        yield service


def write(service: Service, user: str, origin: str, **headers: str) -> httpx.Response:
    given = {"Origin": origin, "Content-Type": "application/json", **headers}
    return service.client.post(f"/v1/users/{user}/commands", content=CREATE, headers=given)


def preflight(service: Service, origin: str, headers: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
    return service.client.options("/v1/users/alice/commands", headers=asked)


@pytest.mark.parametrize(
    "origin", [FOREIGN, "null", "http://localhost", "http://127.0.0.1:1", "http://localhost.evil.example", "x", APP]
)
@pytest.mark.usefixtures("nothing_recorded")
def test_a_page_of_another_origin_may_not_call(service: Service, user: str, origin: str) -> None:
    response = write(service, user, origin)
    problem = assert_problem(response, 403, "foreign-origin", None)
    assert "CONVGROUPS_CORS_ORIGINS" in problem["detail"]
    assert "Access-Control-Allow-Origin" not in response.headers
    read = service.client.get(f"/v1/users/{user}/groups", headers={"Origin": origin})
    assert_problem(read, 403, "foreign-origin", None)


def test_a_page_of_the_service_itself_may_call(service: Service, user: str) -> None:
    assert write(service, user, service.url).status_code == 200
    named = service.url.replace("127.0.0.1", "LOCALHOST")
    host = named.removeprefix("http://").lower()
    assert write(service, user, named, Host=host).status_code == 200


def test_a_page_of_an_origin_that_is_named_may_call_and_read(opened: Service, user: str) -> None:
    for origin in (APP, "http://localhost:5173", "https://upper.example"):
        response = write(opened, user, origin)
        assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, origin)
        assert set(response.headers["Access-Control-Expose-Headers"].split(", ")) == {
            "ETag",
            "Idempotent-Replayed",
            "Retry-After",
        }
        assert response.headers["Vary"] == "Origin"
    assert_problem(write(opened, user, FOREIGN), 403, "foreign-origin", None)


def test_refusals_and_faults_can_be_read_too(opened: Service, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"Origin": APP}
    for path in (f"/v1/users/{user}/groups/7", "/nothing", "/v1/users/%ff/groups", "/v1/limits?x=1"):
        response = opened.client.get(path, headers=headers)
        assert response.status_code >= 400
        assert response.headers["Access-Control-Allow-Origin"] == APP
    monkeypatch.setattr("adapters.http.reads.current_lists", None)
    response = opened.client.get(f"/v1/users/{user}/groups", headers=headers)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (500, APP)


def test_a_browser_is_told_what_may_be_sent(opened: Service) -> None:
    headers = (
        "app-id,authorization,content-type,correlation-id,device-id,idempotency-key,if-none-match,last-event-id,"
        "traceparent"
    )
    response = preflight(opened, APP, headers)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, APP)
    assert preflight(opened, APP, "x-other").status_code == 400
    refused = preflight(opened, FOREIGN, "content-type")
    assert (refused.status_code, "Access-Control-Allow-Origin" in refused.headers) == (400, False)
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_every_origin_may_be_let_in(tmp_path: Path, user: str) -> None:
    with running(tmp_path / "log.db", cors_origins="*") as service:
        response = write(service, user, FOREIGN)
        assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, "*")
        assert preflight(service, FOREIGN, "content-type").status_code == 200


def test_who_signs_may_come_from_anywhere_but_only_a_named_origin_can_read(signed_in: Service, user: str) -> None:
    response = write(signed_in, user, FOREIGN, Host="groups.example.com", **signed(user))
    assert (response.status_code, "Access-Control-Allow-Origin" in response.headers) == (200, False)
    response = write(signed_in, user, APP)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (401, APP)
