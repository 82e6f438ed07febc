"""The live feed over HTTP: snapshot, then one frame a command; from a cursor onwards, without a gap."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from adapters.feed.missed import Missed
from projections.notifications import Frame as Told
from tests.integration.answers import assert_problem
from tests.integration.feeding import Frame, frames_of
from tests.integration.service import Service, on_both, wait_until


def names(frame: Frame) -> list[str]:
    return [one["name"] for one in frame.data["notifications"]]


@on_both
def test_a_reader_begins_with_a_snapshot_and_is_told_each_command(service: Service, user: str) -> None:
    service.done(user, "CreateGroup", groupName="产品体验", conversationIDs=["C2C张三", "GROUPtest"])
    with frames_of(service.client, user) as frames:
        first = next(frames)
        service.send(
            user, "AddConversations", headers={"Device-ID": "tablet"}, groupName="产品体验", conversationIDs=["C2Cb"]
        )
        second = next(frames)
        service.done(user, "AddConversations", groupName="产品体验", conversationIDs=["C2Cb"])
        service.done(user, "DeleteGroup", groupName="产品体验")
        third = next(frames)
    assert (first.kind, first.data) == (
        "snapshot",
        {
            "revision": 2,
            "groups": [{"groupID": 1, "groupName": "产品体验", "conversationIDs": ["C2C张三", "GROUPtest"]}],
            "conversations": [
                {"conversationID": "C2C张三", "conversationGroupList": ["产品体验"]},
                {"conversationID": "GROUPtest", "conversationGroupList": ["产品体验"]},
            ],
        },
    )
    assert (second.kind, second.revision, second.data["device"]) == ("change", 3, "tablet")
    assert names(second) == ["onConversationListUpdated", "onConversationInGroupUpdated"]
    assert second.data["commandID"] == service.history(user)[2]["commandID"]
    assert (third.revision, third.data["device"]) == (4, None)
    assert names(third) == ["onConversationGroupListUpdated", "onConversationListUpdated"]


@on_both
@pytest.mark.parametrize("path", ["groups", "groups/1"])
def test_the_cursor_of_a_read_is_where_the_feed_goes_on(service: Service, user: str, path: str) -> None:
    service.done(user, "CreateGroup", groupName="A")
    cursor = service.read(user, path)["cursor"]
    service.done(user, "CreateGroup", groupName="B")
    with frames_of(service.client, user, after=cursor) as frames:
        service.done(user, "CreateGroup", groupName="C")
        assert [(frame.kind, frame.revision) for frame in (next(frames), next(frames))] == [
            ("change", 2),
            ("change", 3),
        ]


def test_the_last_event_id_goes_before_the_cursor_of_the_address(service: Service, user: str) -> None:
    cursors = []
    for name in "ABC":
        service.done(user, "CreateGroup", groupName=name)
        cursors.append(service.read(user, "groups")["cursor"])
    with frames_of(service.client, user, cursors[1], after=cursors[0]) as frames:
        assert next(frames).cursor == cursors[2]


def test_a_frame_carries_the_cursor_that_a_read_would_give(service: Service, user: str) -> None:
    with frames_of(service.client, user) as frames:
        assert next(frames).cursor == service.read(user, "groups")["cursor"]
        service.done(user, "CreateGroup", groupName="A")
        assert next(frames).cursor == service.read(user, "groups")["cursor"]


@pytest.mark.parametrize(
    ("target", "field"),
    [("events?before=1", "before"), ("events?after=1&after=2", "after"), ("events?Last-Event-ID=1", "Last-Event-ID")],
)
def test_a_parameter_that_would_be_passed_over_is_refused(service: Service, user: str, target: str, field: str) -> None:
    problem = assert_problem(service.client.get(f"/v1/users/{user}/{target}"), 400, "malformed", 50002)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_malformed_user_id_has_no_feed(service: Service) -> None:
    assert_problem(service.client.get(f"/v1/users/{'x' * 65}/events"), 400, "malformed-user-id", 50002)


def test_whoever_asks_for_the_head_alone_is_answered_at_once(service: Service, user: str) -> None:
    response = service.client.head(f"/v1/users/{user}/events")
    assert (response.status_code, response.headers["Cache-Control"], response.content) == (200, "no-store", b"")


def test_a_quiet_connection_carries_a_comment_now_and_then(
    service: Service, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.http.feed.QUIET", 0.02)
    with service.client.stream("GET", f"/v1/users/{user}/events") as response:
        lines = response.iter_lines()
        assert next(lines) == ": hello"
        while next(lines) != ":":
            pass  # the snapshot
        assert next(lines) == ""
        assert [next(lines) for _ in range(6)] == [":", ""] * 3


def test_a_reader_who_goes_before_all_is_told_is_brought_up_to_date_no_further(
    service: Service, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.feed.missed.MOST_WAITING", 1)
    service.done(user, "CreateGroup", groupName="A")
    cursor = service.read(user, "groups")["cursor"]
    for turn in range(300):
        service.done(user, "RenameGroup", groupID=1, newName=str(turn))
    made: list[Missed] = []
    page = Missed.page

    def counted(missed: Missed, encode: Callable[[Told], bytes]) -> list[bytes]:
        made.append(missed)
        return page(missed, encode)

    monkeypatch.setattr(Missed, "page", counted)
    before = readers(service)
    with frames_of(service.client, user, cursor) as frames:
        next(frames)
    wait_until(lambda: readers(service) == before, "the reader to be forgotten")
    assert len(made) < 250


def readers(service: Service) -> float:
    [line] = [
        line for line in service.client.get("/metrics").text.splitlines() if line.startswith("convgroups_feed_readers ")
    ]
    return float(line.split()[1])


def test_a_reader_who_goes_is_forgotten_at_once(service: Service, user: str) -> None:
    before = readers(service)
    with frames_of(service.client, user) as frames:
        next(frames)
        assert readers(service) == before + 1
    wait_until(lambda: readers(service) == before, "the reader to be forgotten")


TURNS = 40
"""Frames of 200 kB each: more than the system keeps for a reader."""


def large(service: Service, user: str) -> Any:
    """Fill a group, so that each frame about it is large; give what sends one more command on it."""
    for begin in range(0, 900, 100):
        ids = [f"C2C{'会' * 35}{n:04}" for n in range(begin, begin + 100)]
        service.done(
            user,
            "UpdateConversations" if begin else "CreateGroup",
            groupName="A",
            **({"add": ids} if begin else {"conversationIDs": ids}),
        )
    turns = iter(range(10_000))

    def rename() -> None:
        service.done(user, "RenameGroup", groupID=1, newName=f"turn {next(turns)}")

    return rename


def left_of(connection: socket.socket) -> int:
    """Count what can still be read of a connection that the other side has given up."""
    received = 0
    while True:
        try:
            data = connection.recv(1 << 16)
        except ConnectionResetError:
            return received
        assert data, "it was ended in good order"
        received += len(data)


@on_both
def test_a_slow_reader_is_let_go_holds_up_nobody_and_goes_on_from_where_it_was(service: Service, user: str) -> None:
    rename = large(service, user)
    with socket.create_connection(service.address, timeout=30) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET /v1/users/{user}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        before = readers(service)
        with frames_of(service.client, user) as frames:
            cursor = next(frames).cursor
            quick = [(rename(), next(frames).revision)[1] for _ in range(TURNS)]
            wait_until(lambda: readers(service) <= before, "the slow reader to be let go")
        assert left_of(slow) < 1_000_000, "what it had not read is held by nobody"
    with frames_of(service.client, user, cursor) as frames:
        assert [next(frames).revision for _ in range(TURNS)] == quick
