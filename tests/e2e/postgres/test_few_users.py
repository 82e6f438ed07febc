"""Several services and many clients that hammer the same few users."""

import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold
from tests.e2e.conftest import NewService
from tests.e2e.load import Clients, Sent
from tests.e2e.postgres.database import assert_views_are_the_fold, wait_for_views
from tests.e2e.recorded import Recorded, read_log

USERS = 3


State = dict[str, frozenset[str]]
"""The conversations of each group, by its name."""


def states(events: list[Recorded]) -> list[State]:
    """Give one user's groups at each revision."""
    now: State = {}
    found = [now]
    for kind, event in ((recorded.type, recorded.event) for recorded in events):
        now, name = dict(now), event["groupName"]
        match kind:
            case "conversation-groups.group-created.v1":
                now[name] = frozenset()
            case "conversation-groups.group-renamed.v1":
                now[name] = now.pop(event["oldName"])
            case "conversation-groups.group-deleted.v1":
                del now[name]
            case "conversation-groups.conversations-added.v1":
                now[name] |= frozenset(event["conversationIDs"])
            case "conversation-groups.conversations-removed.v1":
                now[name] -= frozenset(event["conversationIDs"])
        found.append(now)
    return found


def fits(command: Sent, after: State) -> bool:
    """Tell whether a command that was done left the user's groups like that."""
    group = command.body["groupName"]
    told = set(command.answer.get("successConversationIDList", ()))
    match command.body["command"]:
        case "DeleteGroup":
            return group not in after
        case "RenameGroup":
            return group not in after and command.body["newName"] in after
        case "RemoveConversations":
            return not told & after[group]
        case "UpdateConversations":
            return group in after
        case _:
            return told <= after[group]


def assert_one_writer_could_have_answered(sent: list[Sent], log: list[Recorded]) -> None:
    """Each answer fits the groups as they were at its revision, replayed from the log."""
    for user in {command.user for command in sent}:
        replayed = states([recorded for recorded in log if recorded.event["userID"] == user])
        for command in sent:
            if command.user == user and command.status == 200:
                reached = command.answer["revision"]
                events = command.answer["events"]
                assert not events or events[-1]["revision"] == reached
                assert fits(command, replayed[reached]), f"{command} does not fit {replayed[reached]}"


@pytest.mark.parametrize(("services", "answers"), [(2, 60), pytest.param(8, 600, marks=pytest.mark.proof)])
def test_services_that_hammer_the_same_users_take_turns(
    new_service: NewService,
    postgres_url: str,
    services: int,
    answers: int,
    record_property: Callable[[str, object], None],
) -> None:
    """Processes that all write for the same three users: none starves, and one writer could have answered the same."""
    running = [new_service(None, None, "--only=api,views", database=postgres_url) for _ in range(services)]
    for service in running:
        service.start()
    begin = time.monotonic()
    everybody = [
        Clients(service, f"few users {number}", threads=2, users=USERS) for number, service in enumerate(running)
    ]
    for clients in everybody:
        clients.__enter__()
    try:
        for _ in range(0, answers, 20):
            for clients in everybody:
                clients.wait_for(answers=20)  # each gets its answers: none starves
        took = time.monotonic() - begin
    finally:
        for clients in everybody:
            clients.end()
    sent = [command for clients in everybody for command in clients.sent]
    wait_for_views(postgres_url)
    log = read_log(postgres_url)
    assert_commands_are_recorded_once(sent, log)
    assert_views_are_the_fold(postgres_url, log)
    assert_one_writer_could_have_answered(sent, log)
    refused = Counter(command.status for command in sent)
    assert refused[503] == 0
    assert not [command for command in sent if command.tries > 1], "some were refused before they were answered"
    with running[-1].client() as client:
        assert_reads_are_the_fold(client, everybody[0].users, log)
    shares = [sum(command.status is not None for command in clients.sent) for clients in everybody]
    record_property("processes", services)
    record_property("commands", len(sent))
    record_property("events", len(log))
    record_property("fewest and most answers of a process", f"{min(shares)}, {max(shares)}")
    record_property("seconds", took)
    for service in running:
        assert '"level": "error"' not in service.said()
        service.stop()
