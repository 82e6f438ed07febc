"""What a process that serves says of the followers beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread

import pytest

from adapters import readiness
from adapters.follow import FollowerThread, Lag
from adapters.http.operations import Check
from adapters.readiness import Beside, follower_check, lags
from adapters.store.memory import MemoryLog, MemoryRecorder
from adapters.views.memory import MemoryHistory
from domain.ports import Unavailable
from domain.stored import CannotGoOn
from projections.follower import Follower


@contextmanager
def saying(body: bytes) -> Iterator[int]:
    """Let a process say this of its followers, and give its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/readyz"
            self.send_response(503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_its_followers_are_told_and_not_its_database() -> None:
    body = (
        b'{"status": "not ready", "checks": [{"name": "database", "ok": true, "detail": "answers"},'
        b'{"name": "history", "ok": false, "detail": "7 events, 9.0 s behind", "lag": {"events": 7, "seconds": 9.0}},'
        b'{"name": "snapshots", "ok": true, "detail": "stands by: another process follows"}]}'
    )
    with saying(body) as port:
        assert Beside("views", port).followers() == [
            Check("history", ok=False, detail="7 events, 9.0 s behind", lag=Lag(7, 9.0)),
            Check("snapshots", ok=True, detail="stands by: another process follows"),
        ]
        assert lags(Beside("views", port).followers) == {"history": Lag(7, 9.0)}


def test_without_a_database_it_says_that_in_their_place() -> None:
    body = b'{"status": "not ready", "checks": [{"name": "database", "ok": false, "detail": "it is away"}]}'
    with saying(body) as port:
        assert Beside("views", port).followers() == [Check("process of the views", ok=False, detail="it is away")]


@pytest.mark.parametrize(
    "body", [b"", b"no JSON", b"[]", b'{"checks": []}', b'{"checks": [{"ok": true}]}', b'{"checks": [7]}', b"7"]
)
def test_what_is_no_answer_makes_the_service_unready(body: bytes) -> None:
    with saying(body) as port:
        [views] = Beside("views", port).followers()
        [relay] = Beside("relay", port).followers()
    assert (views.name, views.ok) == ("process of the views", False)
    assert relay.ok, "what the relay does may be late"
    assert views.detail.startswith("does not answer: ")
    assert views.detail == relay.detail


def test_a_process_that_is_away_or_held_up_makes_the_service_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.05)
    with socket() as held_up:
        held_up.bind(("127.0.0.1", 0))
        port = held_up.getsockname()[1]
        assert [check.ok for check in Beside("views", port).followers()] == [False], "nobody listens"
        held_up.listen()
        assert "timed out" in Beside("views", port).followers()[0].detail


def test_one_that_stopped_says_so_whoever_may_follow_now() -> None:
    log = MemoryLog(MemoryRecorder())
    thread = FollowerThread(Follower("history", log, MemoryHistory()), log)
    thread.stands_by, thread.stopped_by = True, CannotGoOn("not readable")
    assert follower_check(thread) == Check("history", ok=False, detail="stopped: not readable")


def test_without_the_database_no_lag_is_told() -> None:
    def away() -> list[Check]:
        raise Unavailable("it is away")

    assert lags(away) == {}
