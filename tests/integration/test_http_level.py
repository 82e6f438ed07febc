"""What clients do to a connection, and that the service outlives it."""

import json
import re
import socket

import pytest

from tests.integration.raw import exchange, request, status
from tests.integration.service import Service, wait_until

BODY = b'{"command": "CreateGroup", "groupName": "x"}'


@pytest.fixture(autouse=True)
def _alive_afterwards(service: Service) -> object:
    yield
    assert service.client.get("/healthz").json() == {"status": "alive"}
    assert b" 500 " not in exchange(service, request("/healthz"))


def test_expect_continue_is_answered_before_the_body(service: Service, user: str) -> None:
    head = request(f"/v1/users/{user}/commands", "Expect: 100-continue", method="POST", body=BODY)[: -len(BODY)]
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert service.names(user) == ["x"]


def test_a_refusal_by_the_headers_needs_no_body(service: Service, user: str) -> None:
    target = f"/v1/users/{user}/commands"
    head = request(target, "Expect: 100-continue", "App-ID: x", method="POST", body=BODY)[: -len(BODY)]
    assert status(exchange(service, head)) == 400


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELLO\r\n\r\n",
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\nX",
    ],
    ids=["zeros", "TLS", "a word", "no target", "blank lines"],
)
def test_garbage_is_answered_with_400_or_silence(service: Service, garbage: bytes) -> None:
    answer = exchange(service, garbage, half_close=True)
    assert answer == b"" or status(answer) == 400


@pytest.mark.parametrize("at_once", [True, False])
def test_garbage_after_a_command_does_not_undo_it(service: Service, user: str, at_once: bool) -> None:
    parts = [request(f"/v1/users/{user}/commands", method="POST", body=BODY, close=False), b"\x00\xffgarbage\r\n\r\n"]
    answer = exchange(service, *([b"".join(parts)] if at_once else parts), half_close=True)
    assert status(answer) in (200, 400)
    assert service.names(user) == ["x"] or status(answer) == 400


def test_pipelined_commands_are_done_in_order(service: Service, user: str) -> None:
    target = f"/v1/users/{user}/commands"
    bodies = [json.dumps({"command": "CreateGroup", "groupName": str(n)}).encode() for n in range(10)]
    commands = [request(target, method="POST", body=body, close=n == 9) for n, body in enumerate(bodies)]
    answer = exchange(service, b"".join(commands))
    assert answer.count(b"HTTP/1.1 200 OK") == 10
    assert service.names(user) == [str(n) for n in range(10)]


def test_a_body_that_is_cut_off_is_no_command(service: Service, user: str) -> None:
    whole = request(f"/v1/users/{user}/commands", method="POST", body=BODY)
    head = service.head()
    for length in (len(whole) - 1, len(whole) - len(BODY), len(whole) - len(BODY) - 5):
        exchange(service, whole[:length], half_close=True)
    metrics = service.client.get("/metrics").text
    assert service.head() == head
    assert 'status="500"' not in metrics


def test_a_command_may_come_byte_by_byte(service: Service, user: str) -> None:
    whole = request(f"/v1/users/{user}/commands", method="POST", body=BODY)
    assert status(exchange(service, *(whole[n : n + 1] for n in range(len(whole))))) == 200
    assert service.names(user) == ["x"]


def test_a_caller_who_does_not_wait_has_the_command_done_or_not_at_all(service: Service, user: str) -> None:
    fields = {"command": "CreateGroup", "groupName": "x", "conversationIDs": ["C2Ca"]}
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall(request(f"/v1/users/{user}/commands", method="POST", body=json.dumps(fields).encode()))
    wait_until(lambda: service.read(user, "groups")["revision"] == 2, "the command of a caller who left")
    assert service.read(user, "groups/1")["conversationIDs"] == ["C2Ca"]


def test_content_length_and_chunks_together_are_no_way_in(service: Service, user: str) -> None:
    head = service.head()
    smuggled = request(f"/v1/users/{user}/commands", method="POST", body=BODY)
    both = request(
        f"/v1/users/{user}/commands", "Transfer-Encoding: chunked", method="POST", body=b"0\r\n\r\n" + smuggled
    )
    exchange(service, both, half_close=True)
    assert service.head() == head


def test_a_body_on_a_get_is_passed_over(service: Service, user: str) -> None:
    assert status(exchange(service, request(f"/v1/users/{user}/groups", body=b"\xff" * 100))) == 200


def test_head_is_answered_as_get_is_without_the_body(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="x")
    wait_until(lambda: all(thread.lag() == (0, 0.0) for thread in service.threads), "no lag, which /readyz tells")
    for path in ("/healthz", "/readyz", f"/v1/users/{user}/groups"):
        answer = exchange(service, request(path, method="HEAD"))
        length = int(re.findall(rb"(?i)content-length: (\d+)", answer)[0])
        assert (status(answer), answer.endswith(b"\r\n\r\n")) == (200, True)
        assert length == len(service.client.get(path).content)
    assert status(exchange(service, request(f"/v1/users/{user}/commands", method="HEAD"))) == 405


@pytest.mark.parametrize("begin", [b"GET /", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_a_head_without_an_end_is_refused_and_holds_up_nobody(service: Service, begin: bytes) -> None:
    answer = exchange(service, begin + b"a" * 33_000, b"a" * 33_000)
    assert status(answer) == 431
    assert service.client.get("/healthz").status_code == 200


def test_large_bodies_are_no_heads(service: Service, user: str) -> None:
    body = json.dumps({"conversationIDs": [f"C2C{'x' * 2000}{n}" for n in range(300)]}).encode()
    one = request(f"/v1/users/{user}/conversations/lookup", method="POST", body=body, close=False)
    last = request(f"/v1/users/{user}/conversations/lookup", method="POST", body=body)
    answer = exchange(service, one[:100], one[100:], one[:-1], one[-1:], last)
    assert answer.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize("begin", [b"", b"GET /healthz HT"])
def test_a_connection_on_which_no_request_begins_is_given_up(
    service: Service, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.http.writes.LONGEST_HEAD", 0.1)
    assert exchange(service, begin) == b""
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall(request("/healthz", close=False))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /heal")
        with pytest.raises(ConnectionResetError):
            assert connection.recv(1) == b"an answer"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whoever_asks_for_a_web_socket_is_answered_as_if_they_had_not(service: Service, user: str, method: str) -> None:
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
    target = f"/v4/recentcontact/create_contact_group?sdkappid=1&identifier={user}"
    asked = request(target, "Connection: Upgrade", *upgrade, method=method, close=False)
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall(asked)
        answer = connection.recv(65_536)
    assert status(answer) == 200
    assert b'"ActionStatus":"FAIL"' in answer


def test_a_whole_address_as_target_is_taken(service: Service, user: str) -> None:
    target = f"{service.url}/v1/users/{user}/groups"
    assert status(exchange(service, request(target))) == 200


def test_http_1_0_is_answered(service: Service, user: str) -> None:
    answer = exchange(service, f"GET /v1/users/{user}/groups HTTP/1.0\r\n\r\n".encode())
    assert status(answer) == 200


def test_a_body_that_never_comes_to_an_end_is_given_up(
    service: Service, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.http.bodies.LONGEST_BODY", 0.05)
    head = service.head()
    answer = exchange(service, request(f"/v1/users/{user}/commands", method="POST", body=BODY, close=False)[:-1])
    assert status(answer) == 408
    assert b"body-too-slow" in answer
    assert service.head() == head
