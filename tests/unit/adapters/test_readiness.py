"""What a process that serves says of the followers beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import Thread

import pytest

from adapters import readiness
from adapters.follow import Lag
from adapters.http.operations import Check
from adapters.readiness import Beside, lags
from domain.ports import Unavailable


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
        assert Beside("views", port).followers() == [Check("views", ok=False, detail="it is away")]


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b'{"checks": []}', b'{"checks": [{"ok": true}]}', b"7"])
def test_what_is_no_answer_makes_the_service_unready(body: bytes) -> None:
    with saying(body) as port:
        [check] = Beside("relay", port).followers()
    assert (check.name, check.ok) == ("relay", False)
    assert check.detail.startswith("its process does not answer: ")


def test_a_process_that_is_away_or_held_up_makes_the_service_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.05)
    with socket() as held_up:
        held_up.bind(("127.0.0.1", 0))
        port = held_up.getsockname()[1]
        assert [check.ok for check in Beside("views", port).followers()] == [False], "nobody listens"
        held_up.listen()
        assert "timed out" in Beside("views", port).followers()[0].detail


def test_without_the_database_no_lag_is_told() -> None:
    def away() -> list[Check]:
        raise Unavailable("it is away")

    assert lags(away) == {}
