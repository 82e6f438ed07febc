"""What must hold after whatever happened: between answers, log, reads and topic nothing is lost and nothing doubled."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import httpx

from tests.e2e.consumer import Change
from tests.e2e.fold import fold, read
from tests.e2e.load import Sent
from tests.e2e.recorded import Recorded
from tests.e2e.user import User


def assert_commands_are_recorded_once(sent: Iterable[Sent], log: Sequence[Recorded]) -> None:
    """An answered command is in the log as it was answered, one without an answer at most once, and nothing else is."""
    by_correlation: defaultdict[str, list[Recorded]] = defaultdict(list)
    for recorded in log:
        by_correlation[recorded.event["correlationID"]].append(recorded)
    for command in sent:
        found = by_correlation.pop(command.key, [])
        assert len({recorded.event["commandID"] for recorded in found}) <= 1, f"{command} was done twice: {found}"
        assert {recorded.event["userID"] for recorded in found} <= {command.user}
        if command.status is not None:
            answered = [tuple(event.values()) for event in command.answer.get("events", [])]
            logged = [(one.event["eventID"], one.type, one.event["revision"]) for one in found]
            assert logged == answered, f"{command} was answered, and the log has {logged}"
    assert not by_correlation, f"nobody sent {by_correlation}"


def assert_reads_are_the_fold(client: httpx.Client, users: Iterable[str], log: Sequence[Recorded]) -> None:
    """Every read shows what a fold of the user's events gives, and the history those very events."""
    for name in users:
        user = User(client, name)
        events = [recorded for recorded in log if recorded.event["userID"] == name]
        assert read(user) == fold(recorded.event for recorded in events)
        assert user.history() == [
            {**recorded.event, "type": recorded.type, "position": f"{recorded.position:020}"} for recorded in events
        ]


def assert_topic_is_the_log(changes: Sequence[Change], log: Sequence[Recorded]) -> None:
    """The topic holds each event of the log once, byte for byte, and a user's events in one partition in order."""
    headers = [{name: value.decode() for name, value in change.headers} for change in changes]
    published = [(int(h["ce_position"]), h["ce_type"], c.value) for c, h in zip(changes, headers, strict=True)]
    assert sorted(published) == [(recorded.position, recorded.type, recorded.value) for recorded in log]
    reached: dict[str, tuple[int, int, int]] = {}
    for change in sorted(changes, key=lambda change: (change.partition, change.offset)):
        partition, revision, _ = reached.get(change.key, (change.partition, 0, 0))
        assert (change.partition, change.event["revision"]) == (partition, revision + 1), change
        reached[change.key] = (change.partition, change.event["revision"], change.offset)
