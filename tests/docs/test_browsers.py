"""The programs of docs/browsers.md do what it says, in a browser and in Node."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.docs.blocks import blocks
from tests.e2e.conftest import NewService
from tests.e2e.service import Service
from tests.e2e.user import User
from tests.services.node import Node

DOCUMENT = "docs/browsers.md"


def block(language: str, service: Service) -> str:
    [text] = [one.text for one in blocks(DOCUMENT) if one.language == language]
    return text.replace("http://127.0.0.1:8080", service.url)


@pytest.fixture
def service(new_service: NewService) -> Service:
    started = new_service()
    started.start()
    return started


def test_the_page_shows_the_groups_and_changes_with_them(service: Service, browser: Browser) -> None:
    with service.client() as client, browser.new_context() as context:
        alice = User(client, "alice")
        alice.done("CreateGroup", groupName="产品体验")
        page = context.new_page()
        page.goto(f"{service.url}/healthz")
        page.set_content(block("html", service))
        page.get_by_text("产品体验").wait_for()
        alice.done("CreateGroup", groupName="<b>Suppliers</b>")
        page.get_by_text("<b>Suppliers</b>").wait_for()
        alice.done("DeleteGroup", groupName="产品体验")
        page.get_by_text("产品体验").wait_for(state="detached")


def test_the_program_for_node_prints_what_it_says(service: Service, node: Node, tmp_path: Path) -> None:
    fetched = subprocess.run(["bash", "-euc", block("sh", service)], cwd=tmp_path, capture_output=True, check=False)
    assert fetched.returncode == 0, fetched.stderr
    (tmp_path / "program.mjs").write_text(block("js", service), encoding="utf-8")
    ran = subprocess.run([node.program, "program.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "\n[ 'GROUPtest' ]\n" in ran.stdout
    assert "code: 2503" in ran.stdout
    said = [line for line in ran.stdout.splitlines() if not line.startswith((" ", "]"))]
    assert "Suppliers now holds [ 'GROUPtest', 'C2Cexample' ]" in said
    assert "Suppliers now holds [ 'C2Cexample' ]" in said
    assert "[ 'Vendors' ]" in said
    assert "conversationGroupList: [ 'Vendors' ]" in ran.stdout
    assert said[-1].startswith("51009 ")
