"""The programs under `examples/`, as they are, against the broker."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from adapters.kafka.settings import KafkaSettings
from domain.commands import AddConversations, CreateGroup, DeleteGroup, RemoveConversations, RenameGroup
from domain.groups import replay
from infra.kafka.kafka import LOOPBACK
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.kit.conftest import publish
from tests.e2e.kafka.log import APP, MemoryLog
from tests.e2e.service import eventually

EXAMPLES = Path(__file__).parents[4] / "examples"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(name: str, *arguments: str) -> subprocess.Popen[str]:
            command = [sys.executable, str(EXAMPLES / name), *arguments]
            started = stack.enter_context(
                subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
            stack.callback(started.kill)
            return started

        yield begin


@pytest.mark.parametrize("name", ["who_has_this_conversation.py", "post_to_webhook.py"])
def test_a_good_consumer_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 60


def end(started: subprocess.Popen[str]) -> None:
    started.send_signal(signal.SIGTERM)
    _, errors = started.communicate(timeout=30)
    assert started.returncode == 0, errors


def who_has(log: MemoryLog, conversation: str) -> list[tuple[str, str]]:
    found = []
    for user in {entry.event.user_id for entry in log.entries}:
        state = replay(None, [entry.event for entry in log.entries if entry.event.user_id == user])
        found += [(f"{APP}:{user}", one.name) for one in state.groups.values() if conversation in one.joined]
    return sorted(found)


def test_who_has_this_conversation(
    start: Start, new_relay: NewRelay, log: MemoryLog, settings: KafkaSettings, tmp_path: Path
) -> None:
    def ask(conversation: str) -> list[tuple[str, ...]]:
        command = [sys.executable, str(EXAMPLES / "who_has_this_conversation.py"), "ask", conversation]
        asked = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        return [tuple(line.split("\t")) for line in asked.splitlines()]

    relay = new_relay()
    for user in ("ann", "bob", "cem"):
        log.command(user, CreateGroup(group_name="供应商", conversation_ids=("C2Cdora", "GROUPx")))
        log.command(user, CreateGroup(group_name="Two", conversation_ids=("C2Cdora",)))
    log.command("bob", DeleteGroup(group_id=1))
    publish(relay, log)
    follow = ["follow", settings.bootstrap_servers, f"--prefix={settings.topic_prefix}"]
    following = start("who_has_this_conversation.py", *follow)
    eventually(lambda: ask("C2Cdora") == who_has(log, "C2Cdora"), "it begins with the groups as they are")
    log.command("ann", RenameGroup(group_id=1, new_name="Vendors"))
    log.command("ann", AddConversations(group_id=2, conversation_ids=("GROUPx",)))
    log.command("cem", RemoveConversations(group_id=2, conversation_ids=("C2Cdora",)))
    publish(relay, log)
    eventually(lambda: ask("C2Cdora") == who_has(log, "C2Cdora"), "it follows")
    eventually(lambda: ask("GROUPx") == who_has(log, "GROUPx"), "it follows")
    end(following)
    log.command("cem", DeleteGroup(group_id=1))
    publish(relay, log)
    start("who_has_this_conversation.py", *follow)
    eventually(lambda: ask("GROUPx") == who_has(log, "GROUPx"), "it goes on")


class Hook(ThreadingHTTPServer):
    """Takes what is posted, and answers as it is told."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.answer: Callable[[], int] = lambda: 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.answer())
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__((LOOPBACK, 0), Handler)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        Thread(target=hook.serve_forever, daemon=True).start()
        yield hook
        hook.shutdown()


def test_post_to_webhook_posts_each_change_at_most_once(
    start: Start, new_relay: NewRelay, log: MemoryLog, settings: KafkaSettings, hook: Hook
) -> None:
    relay = new_relay()
    log.command("ann", CreateGroup(group_name="before"))
    publish(relay, log)
    url = f"http://{LOOPBACK}:{hook.server_port}/"
    arguments = [settings.bootstrap_servers, url, f"--prefix={settings.topic_prefix}"]
    first = start("post_to_webhook.py", *arguments)
    log.command("ann", RenameGroup(group_id=1, new_name="begun"))
    eventually(lambda: _is_following(settings), "it follows")
    publish(relay, log)
    eventually(lambda: len(hook.posted) >= 1, "a change is posted")

    def die() -> int:
        first.kill()
        return 200

    hook.answer = die  # while it posts: it does not know whether it did
    log.command("ann", RenameGroup(group_id=1, new_name="killed"))
    publish(relay, log)
    first.wait(30)
    hook.answer = lambda: 500
    second = start("post_to_webhook.py", *arguments)
    log.command("ann", RenameGroup(group_id=1, new_name="refused"))
    publish(relay, log)
    eventually(lambda: len(hook.posted) >= 3, "the next one is posted")
    hook.answer = lambda: 200
    log.command("ann", RenameGroup(group_id=1, new_name="last"))
    publish(relay, log)
    eventually(lambda: len(hook.posted) >= 4, "the last one is posted")
    assert [event["groupName"] for event in hook.posted] == ["begun", "killed", "refused", "last"]
    assert [event["revision"] for event in hook.posted] == [2, 3, 4, 5]
    second.send_signal(signal.SIGTERM)
    _, errors = second.communicate(timeout=30)
    assert "not posted: conversation-groups.group-renamed.v1 of 1400000000:ann, revision 4" in errors


def _is_following(settings: KafkaSettings) -> bool:
    """Tell whether offsets are committed for all partitions: behind that, what comes is a change."""
    from kafka import KafkaAdminClient

    with KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers) as admin:
        offsets = admin.list_group_offsets(["post-to-webhook"])
    found = [place for place in offsets.get("post-to-webhook", {}) if place.topic == settings.events_topic]
    return len(found) == settings.partitions
