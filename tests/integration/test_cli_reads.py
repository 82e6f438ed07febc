"""`convgroups groups` and `convgroups history`, and what answers instead of a service."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.integration.command_line import Run
from tests.integration.service import Service


@pytest.fixture
def owner(run: Run) -> str:
    run("send", "alice", "create-group", "产品", "C2Ca", "C2Cb")
    run("send", "alice", "create-group", "[bold]two")
    run("send", "alice", "rename-group", "产品", "Vendors")
    run("send", "alice", "remove-conversations", "Vendors", "C2Cb")
    run("send", "alice", "reorder-group", "Vendors", "--end")
    run("send", "alice", "delete-group", "[bold]two")
    return "alice"


def test_the_groups_are_a_table(run: Run, owner: str) -> None:
    run("send", owner, "create-group", "[bold]three")
    first, head, *rows = run("groups", owner).out.splitlines()
    assert first == "revision 8, 2 groups"
    assert head.split() == ["ID", "name", "conversations", "created", "updated"]
    assert [row.split()[:3] for row in rows] == [["1", "Vendors", "1"], ["3", "[bold]three", "0"]]
    assert run("groups", "nobody").out == "revision 0, 0 groups\n"


@pytest.mark.parametrize("named", [["Vendors"], ["--group-id", "1"]])
def test_what_is_in_a_group_is_a_table(run: Run, way: list[str], user: str, named: list[str]) -> None:
    run("send", user, "create-group", "Vendors", "C2Ca", "GROUPb", *way)
    run("send", user, "create-group", "[bold]two", "C2Ca", *way)
    first, head, *rows = run("groups", user, *named, *way).out.splitlines()
    assert first == "revision 4, 2 conversations"
    assert head.split() == ["conversation", "added", "groups"]
    assert [(row.split()[0], row.split("Z  ")[1].strip()) for row in rows] == [
        ("C2Ca", "Vendors, [bold]two"),
        ("GROUPb", "Vendors"),
    ]
    answer = run("groups", user, *named, "--json", *way).json
    assert [one["conversationID"] for one in answer["conversations"]] == ["C2Ca", "GROUPb"]


def test_a_group_that_is_not_there_is_refused(run: Run, way: list[str], user: str) -> None:
    run("send", user, "create-group", "Vendors", *way)
    run("groups", user, "Suppliers", *way).fails(1, "51009", "Suppliers")
    run("groups", user, "Vendors", "--group-id", "1", *way).fails(2, "not both")
    run("groups", user, "\udcff", *way).fails(2, "not UTF-8")
    run("groups", user, "--group-id", str(2**53), *way).fails(2, "--group-id")


def test_the_history_is_a_table_of_sentences(run: Run, owner: str) -> None:
    head, *rows = run("history", owner).out.splitlines()
    assert head.split() == ["revision", "when", "who", "device", "what"]
    assert [row.split("convgroups")[1].strip() for row in rows] == [
        "created '产品'",
        "added C2Ca, C2Cb to '产品'",
        "created '[bold]two'",
        "renamed '产品' to 'Vendors'",
        "removed C2Cb from 'Vendors'",
        "moved 'Vendors': the order is [2, 1]",
        "deleted '[bold]two' with no conversations",
    ]


def test_the_history_comes_in_pages(run: Run, owner: str) -> None:
    first = run("history", owner, "--limit", "3")
    assert first.out.splitlines()[-1] == "more: --after 3"
    answer = run("history", owner, "--limit", "3", "--after", "6", "--json").json
    assert ([event["revision"] for event in answer["events"]], answer["next"]) == ([7], None)


def test_a_page_that_is_none_is_wrong_usage(run: Run, owner: str) -> None:
    for option in (("--limit", "0"), ("--limit", "1001"), ("--after", "-1"), ("--after", "1" + "0" * 30)):
        run("history", owner, *option).fails(2, option[0])


@pytest.mark.parametrize("what", ["groups", "history"])
def test_the_json_is_that_of_the_api(run: Run, service: Service, user: str, what: str) -> None:
    service.done(user, "CreateGroup", groupName="产品", conversationIDs=["C2Ca"])
    ended = run(what, user, "--json", "--url", service.url)
    assert ended.json == service.read(user, what)
    assert "产品" in ended.out


def test_reads_of_a_database_that_is_not_there_make_none(run: Run, database: Path) -> None:
    reads = (["groups", "alice"], ["history", "alice"], ["send", "alice", "create-group", "x", "--dry-run"])
    for words in (*reads, ["new-log-id"], ["rebuild", "all"], ["relay-from", "3"]):
        run(*words).fails(3, "no database", "convgroups serve")
    assert list(database.parent.iterdir()) == []


class Stranger(BaseHTTPRequestHandler):
    """Some other web server; the user's name says what it answers."""

    def do_GET(self) -> None:
        body = {"html": b"<h1>Hello</h1>", "json": b'{"hello": 1}', "list": b"[]", "text": b"revision"}[
            self.path.split("/")[3]
        ]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.mark.parametrize("answer", ["html", "json", "list", "text"])
def test_another_server_is_no_service(run: Run, stranger: str, answer: str) -> None:
    for what in ("groups", "watch"):
        run(what, answer, "--url", stranger).fails(3, stranger, "does not answer as the service would")


def test_nobody_at_the_address(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for words in (["groups", "alice"], ["send", "alice", "create-group", "x"]):
        run(*words, "--url", f"http://127.0.0.1:{port}").fails(3, f"127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://a:b:c", "http://a b\n"])
def test_an_address_that_is_none_is_wrong_usage(run: Run, url: str) -> None:
    run("groups", "alice", "--url", url).fails(2, "--url")


def test_a_service_that_fails_is_not_reachable(run: Run, service: Service, user: str) -> None:
    class Failing(Stranger):
        def do_GET(self) -> None:
            body = service.client.get("/v1/users/a%2Fb/groups").content.replace(b"400", b"503")
            self.send_response(503)
            self.send_header("Content-Type", "application/problem+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        serving = Thread(target=server.handle_request)
        serving.start()
        run("groups", user, "--url", f"http://127.0.0.1:{server.server_port}").fails(3, "slash")
        serving.join()
