"""`KeptOutcomes`: a command that is sent twice with one key is carried out once and answered alike."""

from itertools import islice
from pathlib import Path

import pytest

from domain.commands import AddConversations, Command, CreateGroup, DeleteGroup, RenameGroup, UpdateConversations
from domain.idempotency import to_kept
from domain.limits import Limits, Policy
from domain.outcomes import Outcome
from domain.ports import Key
from domain.refusals import (
    ControlCharacters,
    ConversationCount,
    GroupNameLength,
    GroupNameTaken,
    GroupNotFound,
    InBothLists,
    KeyReused,
    PackageMissing,
    Refusal,
    RevisionConflict,
    TooManyGroups,
)
from tests.contract.stores import ALICE, APP, Clock, OpenStore, Store, submission
from tests.contract.test_event_log import stored

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca", "nonsense"))
TWO = CreateGroup(group_name="Two")
KEY = Key(APP, "alice", "k")


def test_the_same_key_answers_the_same_and_records_nothing_more(store: Store) -> None:
    (first,) = store.send(ONE, key="k")
    (second,) = store.send(ONE, key="k")
    assert (first.replayed, second.replayed) == (False, True)
    assert second.result == first.result
    assert store.log.head() == 2


def test_the_answer_stays_the_same_whatever_has_happened_since(store: Store) -> None:
    first = store.outcome(ONE, key="k")
    store.send(DeleteGroup(group_name="One"))
    assert store.outcome(ONE, key="k") == first
    assert store.log.head() == 3


def test_twins_in_one_commit_share_one_outcome(store: Store) -> None:
    first, twin, other = store.send(ONE, ONE, TWO, key="k")
    assert (twin.result, twin.replayed) == (first.result, True)
    assert isinstance(other.result, KeyReused)
    assert store.log.head() == 2


def test_the_same_key_with_another_command_is_refused_and_keeps_the_first(store: Store) -> None:
    first = store.outcome(ONE, key="k")
    for other in (TWO, ONE.model_copy(update={"expected_revision": 2})):
        (reply,) = store.send(other, key="k")
        assert isinstance(reply.result, KeyReused)
        assert not reply.replayed
    assert store.outcome(ONE, key="k") == first
    assert store.log.head() == 2


def test_a_key_is_the_users_and_the_apps_own(store: Store) -> None:
    submissions = [submission(ONE, key="k"), submission(TWO, "bob", "k"), submission(TWO, key="k", app=2)]
    replies = store.groups.handle([*submissions, submission(TWO, key="K")])
    assert all(isinstance(reply.result, Outcome) and not reply.replayed for reply in replies)


def test_without_a_key_nothing_is_kept(store: Store) -> None:
    adding = AddConversations(group_name="One", conversation_ids=("C2Ca",))
    store.outcome(ONE)
    assert [item.outcome for item in store.outcome(adding).items] == ["already"]
    assert store.kept([KEY, Key(APP, "alice", "")]) == {}


def test_a_success_that_recorded_nothing_is_kept(store: Store) -> None:
    store.send(CreateGroup(group_name="One", conversation_ids=("C2Ca",)))
    first = store.outcome(CreateGroup(group_name="One", conversation_ids=("C2Ca",)), key="k")
    assert first.events == ()
    store.send(DeleteGroup(group_name="One"))
    assert store.outcome(CreateGroup(group_name="One", conversation_ids=("C2Ca",)), key="k") == first
    assert store.log.head() == 3


NO_ROOM = Policy(Limits(groups=2))
KEPT: list[tuple[type[Refusal], Command, Command]] = [
    (GroupNotFound, DeleteGroup(group_name="Three"), CreateGroup(group_name="Three")),
    (GroupNameTaken, RenameGroup(group_id=1, new_name="Two"), DeleteGroup(group_name="Two")),
    (TooManyGroups, CreateGroup(group_name="Four"), DeleteGroup(group_name="Two")),
    (RevisionConflict, DeleteGroup(group_id=1, expected_revision=4), RenameGroup(group_name="Two", new_name="Zwei")),
]


@pytest.mark.parametrize(("kind", "command", "then"), KEPT, ids=[case[0].__name__ for case in KEPT])
def test_a_refusal_that_read_the_state_is_kept_though_the_state_would_let_it_pass_now(
    store: Store, kind: type[Refusal], command: Command, then: Command
) -> None:
    store.send(ONE, TWO)
    store.policies[APP] = NO_ROOM if kind is TooManyGroups else Policy()
    first = store.refusal(command, key="k")
    assert type(first) is kind
    store.outcome(then)
    (again,) = store.send(command, key="k")
    assert isinstance(again.result, kind)
    assert (again.result.args, again.replayed) == (first.args, True)
    assert isinstance(store.outcome(command), Outcome), "with no key it passes now"


NOT_KEPT: list[tuple[type[Refusal], Command]] = [
    (PackageMissing, CreateGroup(group_name="Three")),
    (ControlCharacters, CreateGroup(group_name="a\x00")),
    (GroupNameLength, CreateGroup(group_name="x" * 33)),
    (ConversationCount, CreateGroup(group_name="Many", conversation_ids=tuple(f"C2C{n}" for n in range(101)))),
    (InBothLists, UpdateConversations(group_id=1, remove=("C2Ca",), add=("C2Ca",))),
]


@pytest.mark.parametrize(("kind", "command"), NOT_KEPT, ids=[case[0].__name__ for case in NOT_KEPT])
def test_any_other_refusal_is_not_kept_and_its_key_is_free(store: Store, kind: type[Refusal], command: Command) -> None:
    store.policies[APP] = Policy(entitled=kind is not PackageMissing)
    for _ in range(2):
        (reply,) = store.send(command, key="k")
        assert (type(reply.result), reply.replayed) == (kind, False)
    assert store.kept([KEY]) == {}
    store.policies[APP] = Policy()
    assert store.outcome(TWO, key="k").group_id == 1


def test_a_key_that_was_reused_is_not_kept_for_the_wrong_command(store: Store) -> None:
    store.send(ONE, TWO, key="k")
    assert store.kept([KEY])[KEY].outcome == to_kept(store.outcome(ONE, key="k"))


def test_the_key_is_looked_at_before_the_package_and_before_any_rule(store: Store) -> None:
    first = store.outcome(ONE, key="k")
    store.policies[APP] = Policy(Limits(name_bytes=1), entitled=False)
    assert store.outcome(ONE, key="k") == first
    assert isinstance(store.refusal(TWO, key="k"), KeyReused)


def test_a_dry_run_neither_looks_up_nor_keeps(store: Store) -> None:
    store.groups.dry_run(submission(ONE, key="k"))
    assert store.kept([KEY]) == {}
    store.outcome(ONE, key="k")
    assert store.groups.dry_run(submission(TWO, key="k")).group_id == 2


def test_an_outcome_is_kept_as_it_was_decided_last_where_another_process_wrote_meanwhile(store: Store) -> None:
    others = iter([[stored(1)], [stored(2), stored(3)]])

    def policy_while_another_process_writes(_: int) -> Policy:
        for events in islice(others, 1):
            store.recorder.insert_events(events)
        return Policy()

    store.groups.policy_of = policy_while_another_process_writes
    (reply,) = store.send(ONE, key="k")
    assert isinstance(reply.result, Outcome)
    assert [event.revision for event in reply.result.events] == [4, 5]
    assert store.kept([KEY])[KEY].outcome == to_kept(reply.result)
    assert store.log.revision(ALICE) == 5


def test_only_the_keys_asked_for_are_found(store: Store) -> None:
    store.send(ONE, key="k")
    store.send(ONE, key="other")
    found = store.kept([KEY, Key(APP, "alice", "unused"), Key(2, "alice", "other")])
    assert list(found) == [KEY]
    assert (found[KEY].key, found[KEY].kept_at, len(found[KEY].command_hash)) == (KEY, store.clock.now, 32)
    assert store.kept([]) == {}


def test_an_outcome_outlives_the_process(open_store: OpenStore, tmp_path: Path, clock: Clock) -> None:
    with open_store(tmp_path, clock) as first:
        outcome = first.outcome(ONE, key="k")
        refusal = first.refusal(DeleteGroup(group_name="Nowhere"), key="r")
    with open_store(tmp_path, clock) as again:
        assert again.outcome(ONE, key="k") == outcome
        assert again.refusal(DeleteGroup(group_name="Nowhere"), key="r").args == refusal.args
        assert again.log.head() == 2
