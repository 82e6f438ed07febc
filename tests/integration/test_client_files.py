"""`/client/`: the JavaScript client comes from the service, and is small."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.integration.service import Service

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "adapters" / "web" / "client"
MODULES = sorted(path.name for path in CLIENT.glob("*.js"))


@pytest.mark.parametrize("file", MODULES)
def test_a_module_is_served_as_a_browser_loads_it(service: Service, file: str) -> None:
    answer = service.client.get(f"/client/{file}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.content == (CLIENT / file).read_bytes()


def test_the_folder_itself_is_the_client(service: Service) -> None:
    assert service.client.get("/client/").content == service.client.get("/client/index.js").content


def test_types_and_package_come_with_it(service: Service) -> None:
    assert "createConversationGroup" in service.client.get("/client/index.d.ts").text
    assert service.client.get("/client/package.json").json()["type"] == "module"


def test_a_browser_that_has_a_file_is_told_so(service: Service) -> None:
    tag = service.client.get("/client/index.js").headers["ETag"]
    again = service.client.get("/client/index.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = service.client.get("/client/groups.js", headers={"If-None-Match": tag})
    assert other.status_code == 200


@pytest.mark.parametrize("file", ["__init__.py", "..%5c__init__.py", "%2e%2e/__init__.py", "nothing.js", "client"])
def test_nothing_else_is_given_away(service: Service, file: str) -> None:
    assert service.client.get(f"/client/{file}").status_code in (400, 404)


def test_all_modules_together_are_under_15_kb() -> None:
    assert sum(len((CLIENT / file).read_bytes()) for file in MODULES) < 15_000


def test_no_module_needs_anything_else() -> None:
    for file in MODULES:
        for line in (CLIENT / file).read_text().splitlines():
            assert not line.startswith("import") or line.split("'")[1].removeprefix("./") in MODULES


def test_client_and_service_are_of_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert json.loads((CLIENT / "package.json").read_text())["version"] == project["version"]
