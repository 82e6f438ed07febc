"""`convgroups watch`: the live feed in a terminal, on the database beside a service and through it."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from infra.postgres.postgres import LocalPostgres
from tests.integration.command_line import Run
from tests.integration.process import PROGRAM, convgroups, environment
from tests.integration.service import Place, Service, running
from tests.integration.signed import ADMIN, apps_in, usersig
from tests.integration.watching import watching

DEVICE = {"Device-ID": "phone"}
BREAKS = "a\u2028b"
"""A name with what some take for the end of a line, and the format of the feed does not."""


Way = tuple[list[str], dict[str, Any]]


@pytest.fixture
def served(place: Place) -> Iterator[Service]:
    """Give a service on a database of the test's own, one time SQLite, one time PostgreSQL."""
    with running(place) as service:
        yield service


@pytest.fixture(params=["on the database", "through the service"])
def way(request: pytest.FixtureRequest, place: Place, served: Service) -> Way:
    """Give the arguments and the settings that lead to the groups."""
    if request.param == "through the service":
        return ["--url", served.url], {}
    return [], {"DATABASE_URL": place if isinstance(place, str) else f"sqlite:///{place}"}


def done(service: Service, command: str, **fields: Any) -> None:
    assert service.send("alice", command, headers=DEVICE, **fields).status_code == 200


def test_it_tells_how_the_groups_are_and_then_each_change_at_once(served: Service, way: Way) -> None:
    done(served, "CreateGroup", groupName="产品体验", conversationIDs=["C2Ca", "GROUP研发"])
    with watching("alice", *way[0], **way[1]) as watch:
        assert watch.lines(2) == [
            "revision 2: 1 group, 2 conversations",
            "group 1 '产品体验': 2 conversations: C2Ca, GROUP研发",
        ]
        done(served, "CreateGroup", groupName="Suppliers", conversationIDs=["C2Ca"])
        assert watch.lines(2) == [
            "revision 4, phone: the groups are '产品体验', 'Suppliers'",
            "revision 4, phone: C2Ca is in '产品体验', 'Suppliers'",
        ]
        done(served, "RemoveConversations", groupID=2, conversationIDs=["C2Ca"])
        assert watch.lines(2) == [
            "revision 5, phone: C2Ca is in '产品体验'",
            "revision 5, phone: 'Suppliers' holds 0 conversations",
        ]
        served.done("alice", "DeleteGroup", groupID=1)
        assert watch.lines(2) == [
            "revision 6: the groups are 'Suppliers'",
            "revision 6: C2Ca is in no group; GROUP研发 is in no group",
        ]
        served.done("alice", "DeleteGroup", groupID=2)
        assert watch.lines(1) == ["revision 7: there are no groups"]
        assert watch.interrupt() == (0, "", "")


def test_of_many_conversations_a_line_names_the_first(served: Service, way: Way) -> None:
    ids = [f"C2C{number:03}" for number in range(13)]
    done(served, "CreateGroup", groupName="x", conversationIDs=ids)
    with watching("alice", *way[0], **way[1]) as watch:
        assert watch.lines(2)[1] == f"group 1 'x': 13 conversations: {', '.join(ids[:10])}, and 3 more"


def test_its_json_is_the_frame_of_the_feed(served: Service, way: Way) -> None:
    with watching("alice", "--json", *way[0], **way[1]) as watch:
        [snapshot] = watch.frames(1)
        assert snapshot["event"] == "snapshot"
        assert snapshot["data"] == {"revision": 0, "groups": [], "conversations": []}
        done(served, "CreateGroup", groupName=BREAKS, conversationIDs=["C2Ca"])
        [change] = watch.frames(1)
    assert change["event"] == "change"
    assert change["id"] == served.read("alice", "groups")["cursor"]
    told = change["data"]
    assert (told["revision"], told["device"]) == (2, "phone")
    assert told["notifications"] == [
        {"name": "onConversationGroupListUpdated", "data": [BREAKS]},
        {"name": "onConversationListUpdated", "data": [{"conversationID": "C2Ca", "conversationGroupList": [BREAKS]}]},
    ]


def test_from_a_cursor_on_it_tells_what_happened_since(served: Service, way: Way) -> None:
    done(served, "CreateGroup", groupName="x", conversationIDs=["C2Ca"])
    cursor = served.read("alice", "groups")["cursor"]
    for number in range(3):
        done(served, "RenameGroup", groupID=1, newName=f"x{number}")
    with watching("alice", "--json", "--after", cursor, *way[0], **way[1]) as watch:
        missed = watch.frames(3)
        done(served, "RenameGroup", groupID=1, newName="x3")
        told = [frame["data"]["revision"] for frame in missed + watch.frames(1)]
    assert told == [3, 4, 5, 6]
    with watching("alice", "--json", "--after", missed[1]["id"], *way[0], **way[1]) as watch:
        assert [frame["data"]["revision"] for frame in watch.frames(2)] == [5, 6]


@pytest.mark.parametrize("cursor", ["0" * 32 + "-1", "nonsense"])
def test_behind_a_cursor_of_another_log_it_tells_everything(served: Service, way: Way, cursor: str) -> None:
    done(served, "CreateGroup", groupName="x")
    with watching("alice", "--json", "--after", cursor, *way[0], **way[1]) as watch:
        assert watch.frames(1)[0]["event"] == "snapshot"


def test_more_than_the_depth_of_the_feed_behind_it_tells_everything(database: Path, run: Run) -> None:
    run("send", "alice", "create-group", "x")
    cursor = run("groups", "alice", "--json").json["cursor"]
    for name in ("y", "z"):
        run("send", "alice", "create-group", name)
    for depth, told in (("2", "change"), ("1", "snapshot")):
        with watching("alice", "--json", "--after", cursor, database=database, FEED_DEPTH=depth) as watch:
            assert watch.frames(1)[0]["event"] == told


def test_of_another_user_and_another_app_it_tells_nothing(served: Service, way: Way) -> None:
    with watching("alice", "--app-id", "7", *way[0], **way[1]) as watch:
        assert watch.lines(1) == ["revision 0: 0 groups, 0 conversations"]
        done(served, "CreateGroup", groupName="x")
        served.done("bob", "CreateGroup", groupName="x")
        assert served.send("alice", "CreateGroup", headers={"App-ID": "7"}, groupName="seen").status_code == 200
        assert watch.lines(1) == ["revision 1: the groups are 'seen'"]


def test_who_reads_no_more_ends_it(served: Service, way: Way) -> None:
    pipe = subprocess.PIPE
    command, env = [*PROGRAM, "watch", "alice", *way[0]], environment(None, **way[1])
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert watch.stdout.readline() == b"revision 0: 0 groups, 0 conversations\n"
        watch.stdout.close()
        done(served, "CreateGroup", groupName="x")
        assert (watch.wait(20), watch.stderr.read()) == (0, b"")


def test_who_may_not_listen_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "log.db", auth="usersig", apps_file=apps_in(tmp_path)) as service:
        at = ["alice", "--url", service.url]
        with watching(*at) as watch:
            watch.end().fails(1, "70003", "convgroups token")
        with watching(*at, "--json", USERSIG=usersig("bob")) as watch:
            watch.end().fails(1, '"code": 50003')
        for signer in ("alice", ADMIN):
            with watching(*at, USERSIG=usersig(signer)) as watch:
                watch.lines(1)


def test_a_user_that_is_none_is_refused(run: Run, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in way[1].items():
        monkeypatch.setenv(f"CONVGROUPS_{name}", value)
    run("watch", "a/b", *way[0]).fails(1, "50002")


@pytest.mark.parametrize("cursor", ["\udcff", "a\nb", "é"])
def test_a_cursor_that_is_none_is_wrong_usage(run: Run, cursor: str) -> None:
    run("watch", "alice", "--after", cursor).fails(2, "--after", "cursor")


def test_what_is_not_there_at_first_is_not_waited_for(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    run("watch", "alice", "--url", url).fails(3, url)
    run("watch", "alice").fails(3, "no database")


def test_another_log_is_told_from_its_begin(run: Run, database: Path) -> None:
    run("send", "alice", "create-group", "x")
    with watching("alice", "--json", database=database) as watch:
        [before] = watch.frames(1)
        run("new-log-id")
        [after] = watch.frames(1)
        assert (after["event"], after["data"]) == ("snapshot", before["data"])
        assert after["id"] != before["id"]
        watch.said("waiting", "ended")
        watch.said("going on")


def test_a_database_that_does_not_answer_for_a_while_is_waited_for(own_postgres: LocalPostgres) -> None:
    settings: dict[str, Any] = {"DATABASE_URL": own_postgres.url}
    assert convgroups("send", "alice", "create-group", "x", **settings).code == 0
    with watching("alice", **settings) as watch:
        watch.lines(2)
        own_postgres.kill()
        watch.said("waiting")
        own_postgres.start()
        assert convgroups("send", "alice", "create-group", "y", **settings).code == 0
        assert watch.lines(1) == ["revision 2, convgroups: the groups are 'x', 'y'"]
        watch.said("going on")
        assert watch.interrupt() == (0, "", "")


FRAME = 'id: {0}\nevent: change\ndata: {{"revision": {0}, "device": null, "notifications": []}}\n\n'
PROBLEM = {"title": "x", "detail": "No.", "status": 0}


class Script(BaseHTTPRequestHandler):
    """Answers one request after the other: frames that end, or a status with a problem document, or a broken frame."""

    answers: Iterator[str | int]
    heard: list[str | None]

    def do_GET(self) -> None:
        self.heard.append(self.headers["Last-Event-ID"])
        answer = next(self.answers)
        frames = isinstance(answer, str)
        body = answer if isinstance(answer, str) else json.dumps(PROBLEM)
        self.send_response(200 if isinstance(answer, str) else answer)
        self.send_header("Content-Type", "text/event-stream" if frames else "application/problem+json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def scripted(*answers: str | int) -> Iterator[tuple[str, list[str | None]]]:
    """Give the address of who answers so, and the cursors that it is asked with."""
    heard: list[str | None] = []
    handler = type("Scripted", (Script,), {"answers": iter(answers), "heard": heard})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        serving.join()


def test_after_each_interruption_it_goes_on_behind_what_it_told(run: Run) -> None:
    broken = FRAME.format(3)[:-1]
    answers = (": hello\n\n", FRAME.format(1) + ":\n\n" + FRAME.format(2) + broken, 503, 429, FRAME.format(3), 401)
    with scripted(*answers) as (url, heard):
        ended = run("watch", "alice", "--json", "--after", "0", "--url", url)
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == ["1", "2", "3"]
    assert heard == ["0", "0", "2", "2", "2", "3"]
    assert ended.code == 1
    said = ended.err.splitlines()
    assert [line.split(":")[0] for line in said[:5]] == ["waiting", "going on", "waiting", "going on", "waiting"]
    assert "--usersig" in ended.err


@pytest.mark.parametrize("answer", [400, 403, 404])
def test_a_refusal_ends_it(run: Run, answer: int) -> None:
    with scripted(answer) as (url, heard):
        run("watch", "alice", "--url", url).fails(1, "No.")
        assert len(heard) == 1


def test_a_service_that_fails_at_first_is_not_reachable(run: Run) -> None:
    with scripted(503) as (url, _):
        run("watch", "alice", "--url", url).fails(3, "No.")
