"""`/docs` works without the internet."""

import re

from tests.integration.service import Service


def test_the_page_and_all_it_loads_come_from_the_service(service: Service) -> None:
    page = service.client.get("/docs")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    loaded = re.findall(r"""(?:src|href)=["']([^"']*)["']""", page.text)
    assert len(loaded) >= 3
    assert all(address.startswith("/docs/") for address in loaded)
    assert "//" not in "".join(re.findall(r"url: *'([^']*)'", page.text))
    for address in loaded:
        asset = service.client.get(address)
        assert asset.status_code == 200, address
        assert len(asset.content) > 100


def test_the_stylesheet_loads_nothing_from_outside(service: Service) -> None:
    style = service.client.get("/docs/static/swagger-ui.css").text
    assert not re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", style)


def test_there_is_one_page_of_documentation(service: Service) -> None:
    assert service.client.get("/redoc").status_code == 404


def test_no_file_beside_the_page_is_given_away(service: Service) -> None:
    for path in ("/docs/static/../../app.py", "/docs/static/%2e%2e/%2e%2e/app.py", "/docs/static/..%5capp.py"):
        assert service.client.get(path).status_code in (400, 404)
