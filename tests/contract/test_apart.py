"""What goes wrong with one command of a commit disturbs no other."""

from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError

from adapters.store.postgres import PostgresRecorder
from adapters.store.sqlite import SQLiteRecorder
from domain.commands import AddConversations, Command, CreateGroup
from domain.limits import Policy
from domain.outcomes import Outcome
from domain.ports import Key, Unavailable, Write
from domain.stored import UnreadableEvent
from domain.submission import Submission
from domain.values import stream_id
from tests.contract.stores import ALICE, APP, BOB, Store, submission
from tests.contract.test_event_log import stored
from tests.contract.watch import watch

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca",))
USERS = ("alice", "bob", "carol")


def add(n: object) -> Command:
    return AddConversations(group_name="One", conversation_ids=(f"C2C{n}",))


def revisions(store: Store, stream: UUID = ALICE) -> list[int]:
    return [entry.event.revision for entry in store.log.read_user(stream, 0)]


ON_SQLITE = """
CREATE TRIGGER not_for_this_user BEFORE INSERT ON stored_events WHEN NEW.originator_id = '{}'
BEGIN SELECT RAISE(ABORT, 'not today'); END
"""
ON_POSTGRES = """
ALTER TABLE stored_events ADD CONSTRAINT not_today CHECK (originator_id <> '{}') NOT VALID
"""


def let_the_database_refuse(store: Store, stream: UUID) -> None:
    """Let the database refuse each event of one user, and whatever comes in the same transaction."""
    recorder = store.recorder
    if isinstance(recorder, SQLiteRecorder):
        with recorder.datastore.transaction(commit=True) as c:
            c.execute(ON_SQLITE.format(stream.hex))
    elif isinstance(recorder, PostgresRecorder):
        with recorder.datastore.statement() as cursor:
            cursor.execute(ON_POSTGRES.format(stream).encode())
    else:
        pytest.skip("memory has no rules of its own")


def test_a_command_that_the_database_refuses_fails_alone(store: Store) -> None:
    store.groups.handle([submission(ONE, user) for user in USERS])
    let_the_database_refuse(store, BOB)
    heard: list[int] = []
    store.groups.listeners.append(heard.append)
    replies = store.groups.handle([submission(add("b"), user, "k") for user in USERS])
    assert [type(reply.result) for reply in replies] == [Outcome, IntegrityError, Outcome]
    assert "not today" in str(replies[1].result).replace("_", " ")
    assert [revisions(store, stream_id(APP, user)) for user in USERS] == [[1, 2, 3], [1, 2], [1, 2, 3]]
    assert set(store.kept([Key(APP, user, "k") for user in USERS])) == {Key(APP, "alice", "k"), Key(APP, "carol", "k")}
    assert [entry.position for entry in store.entries()] == list(range(1, 9))
    assert sum(heard) == 2
    assert [list(store.groups.state_of(stream_id(APP, user)).groups[1].joined) for user in USERS] == [
        ["C2Ca", "C2Cb"],
        ["C2Ca"],
        ["C2Ca", "C2Cb"],
    ]


def test_what_policy_of_raises_for_one_app_is_that_commands_own_reply(store: Store) -> None:
    def policy_of(app: int) -> Policy:
        if app == 2:
            raise ZeroDivisionError
        return Policy()

    store.groups.policy_of = policy_of
    replies = store.groups.handle([submission(ONE), submission(ONE, app=2, key="k"), submission(ONE, "bob")])
    assert [type(reply.result) for reply in replies] == [Outcome, ZeroDivisionError, Outcome]
    assert (revisions(store), revisions(store, BOB), revisions(store, stream_id(2, "alice"))) == ([1, 2], [1, 2], [])
    assert store.kept([Key(2, "alice", "k")]) == {}


def sent_twice(user: str) -> list[Submission]:
    return [submission(add("b"), user, key) for key in ("used", "new")]


def test_an_unreadable_event_is_the_answer_to_its_user_whatever_keys_were_used(store: Store, other: Store) -> None:
    store.groups.handle([submission(ONE, user, "used") for user in ("alice", "bob")])
    store.recorder.insert_events([stored(3, topic="conversation-groups.group-merged.v1")])
    for service in (store, other):
        replies = service.groups.handle([*sent_twice("alice"), submission(add(id(service)), "bob")])
        assert [type(reply.result) for reply in replies] == [UnreadableEvent, UnreadableEvent, Outcome]
    assert store.log.revision(ALICE) == 3


def test_a_store_that_goes_away_in_between_leaves_done_what_is_done(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses_a_batch_and_then_is_away(write: Write) -> None:
        if len(write.known) > 1:
            raise IntegrityError("something in there is not to be recorded")
        if store.log.head():
            raise Unavailable("gone")

    watch(store, monkeypatch, "record", before=refuses_a_batch_and_then_is_away)
    command = CreateGroup(group_name="One")
    first, second = store.groups.handle([submission(command), submission(command, "bob")])
    assert isinstance(first.result, Outcome)
    assert isinstance(second.result, Unavailable)
    assert [event.user_id for event in store.events()] == ["alice"]
