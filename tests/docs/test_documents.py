"""What the documents tell a reader to type works, and does what they say it does."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from adapters.apps import App, Apps
from adapters.given import DEFAULT_APP
from adapters.http.recentcontact.calls import BODIES
from domain.commands import parse_command
from domain.limits import Limits
from domain.refusals import Refusal
from projections.notifications import CONVERSATION_LIST, GROUP_LIST, IN_GROUP
from tests.docs.blocks import ROOT, blocks, script
from tests.e2e.conftest import NewService
from tests.e2e.service import Service
from tests.e2e.user import User

VENV = Path(sys.executable).parent
DOCUMENTS = [str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))]


def run_as_a_reader(document: str, service: Service) -> list[str]:
    """Run the document's shell blocks in one shell, with this service's address; give what each printed."""
    typed = script(document).replace("http://127.0.0.1:8080", service.url).replace(".venv/bin", str(VENV))
    ran = subprocess.run(
        ["bash", "-c", typed], env=service.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split("--- next block\n")[:-1]


@pytest.fixture
def service(new_service: NewService) -> Service:
    started = new_service()
    started.start()
    return started


def test_the_first_command_of_the_readme_answers_as_the_readme_says(service: Service) -> None:
    first, reads = run_as_a_reader("README.md", service)
    said = next(block.text for block in blocks("README.md") if block.language == "json")
    shortened = json.loads(
        said.replace("C2C or …", "C2C or GROUP and an ID: at most 128 bytes, without control characters.")
    )
    answer = json.loads(first)
    assert shortened == {name: answer[name] for name in shortened}
    assert '"groupName":"Suppliers"' in reads
    assert "group-created" in reads


def test_the_first_consumer_of_the_readme_prints_each_change(
    new_service: NewService, kafka: str, kafka_prefix: str
) -> None:
    service = new_service(kafka, kafka_prefix)
    service.start()
    run_as_a_reader("README.md", service)
    [program] = [block.text for block in blocks("README.md") if block.language == "python"]
    assert program.count("\n") <= 14
    here = program.replace("127.0.0.1:9092", kafka).replace("conversation-groups.events", f"{kafka_prefix}.events")
    assert list(islice(lines_of(here), 2)) == [
        "1400000000:alice 1 conversation-groups.group-created.v1 Suppliers",
        "1400000000:alice 2 conversation-groups.conversations-added.v1 Suppliers",
    ]


def lines_of(program: str, *arguments: str) -> Iterator[str]:
    """Run a program, which may go on for ever, and give the lines that it prints."""
    with subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield from (line.rstrip("\n") for line in running.stdout)
        finally:
            running.kill()


def test_the_tutorial_goes_as_it_says(service: Service) -> None:
    created, updated, retried, raced, asked, told, sent = run_as_a_reader("docs/tutorial.md", service)
    assert [item["outcome"] for item in json.loads(created)["items"]] == ["added", "added", "refused"]
    assert '"conversationIDs":["GROUPdesign","C2Ceve"]' in updated
    assert "idempotent-replayed: true" in retried.lower()
    assert '"revision":6' in raced
    assert '"currentRevision":6' in raced
    assert '"type":"conversation-groups.group-deleted.v1","revision":7' in asked
    assert "renamed 'Suppliers' to 'Vendors'" in told
    assert "revision 7" in sent


@pytest.mark.parametrize("document", ["docs/http.md", "docs/cli.md"])
def test_signing_in_goes_as_the_documents_say(new_service: NewService, tmp_path: Path, document: str) -> None:
    file = tmp_path / "apps.toml"
    file.write_text(next(block.text for block in blocks("docs/operate.md") if block.language == "toml"))
    service = new_service()
    signing = {"CONVGROUPS_AUTH": "usersig", "CONVGROUPS_APPS_FILE": str(file)}
    service.environment |= {**signing, "PATH": f"{VENV}:{service.environment['PATH']}"}
    service.start()
    [answer] = run_as_a_reader(document, service)
    assert '"revision":0' in answer or "revision 0, 0 groups" in answer


def test_the_program_that_moves_groups_moves_them(new_service: NewService) -> None:
    old, new = new_service(), new_service()
    [program] = [block.text for block in blocks("docs/moving.md") if block.language == "python"]
    program = program.replace("1400000001", str(DEFAULT_APP))
    ids = [f"C2C员工{number:03}" for number in range(250)]
    for service in (old, new):
        service.start()
        program = program.replace(
            "https://the-product.example" if service is old else "http://127.0.0.1:8080", service.url
        )
    with old.client() as client:
        alice = User(client, "alice")
        for name in ("产品体验", "empty", "Suppliers"):
            alice.done("CreateGroup", groupName=name)
        for begin in range(0, 250, 50):
            alice.done("AddConversations", groupID=1, conversationIDs=ids[begin : begin + 50])
        alice.done("AddConversations", groupID=3, conversationIDs=["GROUPtest", *ids[:3]])
    for _ in ("once", "again"):
        assert list(lines_of(program, "alice")) == [
            "alice: 产品体验: 250 conversations",
            "alice: empty: 0 conversations",
            "alice: Suppliers: 4 conversations",
        ]
        with new.client() as client:
            moved = User(client, "alice")
            assert moved.group_names() == ["产品体验", "empty", "Suppliers"]
            assert moved.conversations_in("产品体验") == ids
            assert moved.conversations_in("Suppliers") == [*ids[:3], "GROUPtest"]
            assert len(moved.history()) == 3 + 3 + 1


def test_the_documents_of_moving_name_every_call_and_code() -> None:
    text = (ROOT / "docs/moving.md").read_text()
    codes = {kind.code for kind in Refusal.__subclasses__() if kind.code} | {2500, 3122, 50003, 50004, 50005}
    assert all(str(code) in text for code in codes)
    assert all(call in text for call in BODIES)
    assert all(name in text for name in (GROUP_LIST, CONVERSATION_LIST, IN_GROUP))


def test_every_command_of_the_documents_is_one() -> None:
    lines = next(block.text for block in blocks("docs/http.md") if '"ReorderGroup"' in block.text).splitlines()
    assert [parse_command.validate_json(line).command for line in lines] == [
        "CreateGroup",
        "DeleteGroup",
        "RenameGroup",
        "AddConversations",
        "RemoveConversations",
        "UpdateConversations",
        "ReorderGroup",
    ]


def test_the_apps_of_the_documents_are_read_and_have_the_defaults_that_are_told(tmp_path: Path) -> None:
    [text] = [block.text for block in blocks("docs/operate.md") if block.language == "toml"]
    file = tmp_path / "apps.toml"
    file.write_text(text)
    [app] = Apps.read(str(file))
    assert (app.keys, app.admins) == (["new", "old"], ("administrator",))
    assert app.policy.limits.model_dump() == Limits().model_dump()
    assert app.policy.entitled
    assert len(app.model_fields_set) == len(App.model_fields)
    assert len(app.limits.model_fields_set) == len(Limits.model_fields)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / document).read_text()):
        assert (ROOT / document).parent.joinpath(target).exists(), f"{document} links to {target}"


def test_every_target_of_the_makefile_that_the_readme_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert named <= targets | {"python"}, named - targets
