"""`Recorder`: all or nothing in one commit, if what was decided on holds; else it tells what is there."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError

from domain.ports import Kept, Key, Stale, Write
from domain.stored import Stored
from domain.values import stream_id
from tests.contract.stores import ALICE, APP, BOB, Store
from tests.contract.test_event_log import stored

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EXPIRED = NOON - timedelta(days=7)
KEY, OTHER_KEY, KEY_OF_BOB = Key(APP, "alice", "k"), Key(APP, "alice", "other"), Key(APP, "bob", "k")
CAROL = stream_id(APP, "carol")


def event(revision: int, stream: UUID = ALICE) -> Stored:
    made = stored(revision, stream)
    return Stored(stream, revision, made.topic, made.state)


def kept(key: Key, outcome: bytes = b"{}", at: datetime = NOON) -> Kept:
    return Kept(key, b"hash", outcome, at)


def write(
    known: Mapping[UUID, int], *events: Stored, keeps: Sequence[Kept] = (), keys: Sequence[Key] | None = None
) -> Write:
    return Write(known, [one.key for one in keeps] if keys is None else keys, events, keeps, EXPIRED)


def revisions(store: Store, stream: UUID = ALICE) -> list[int]:
    return [entry.event.revision for entry in store.log.read_user(stream, 0)]


def positions(store: Store) -> list[int]:
    return [entry.position for entry in store.entries()]


def test_what_was_decided_on_the_newest_revisions_is_recorded(store: Store) -> None:
    assert store.record(write({ALICE: 0, BOB: 0}, event(1), event(2), event(1, BOB))) is None
    assert store.record(write({BOB: 1}, event(2, BOB))) is None
    assert (revisions(store), revisions(store, BOB), positions(store)) == ([1, 2], [1, 2], [1, 2, 3, 4])


@pytest.mark.parametrize("known", [0, 1, 3, 9], ids=lambda known: f"decided on revision {known} of 2")
def test_what_was_decided_on_another_revision_is_refused_and_nothing_recorded(store: Store, known: int) -> None:
    store.record(write({ALICE: 0, BOB: 0}, event(1), event(2), event(1, BOB)))
    refused = write({BOB: 1, ALICE: known}, event(2, BOB), event(known + 1), keeps=[kept(KEY_OF_BOB)])
    assert store.record(refused) == Stale({ALICE: 2}, {})
    assert (revisions(store), revisions(store, BOB), store.kept([KEY_OF_BOB])) == ([1, 2], [1], {})
    assert store.record(write({ALICE: 2}, event(3))) is None
    assert positions(store) == [1, 2, 3, 4]


def test_of_many_users_those_are_told_who_have_another_revision(store: Store) -> None:
    store.record(write({ALICE: 0, BOB: 0}, event(1), event(1, BOB)))
    assert store.record(write({ALICE: 1, BOB: 0, CAROL: 5}, event(2))) == Stale({BOB: 1, CAROL: 0}, {})
    assert store.record(write({ALICE: 1, BOB: 1, CAROL: 0}, event(2))) is None


def test_without_events_the_revisions_are_looked_at_too(store: Store) -> None:
    store.record(write({ALICE: 0}, event(1)))
    assert store.record(write({ALICE: 0})) == Stale({ALICE: 1}, {})
    assert store.record(write({ALICE: 0}, keeps=[kept(KEY)])) == Stale({ALICE: 1}, {})
    assert store.kept([KEY]) == {}
    assert store.record(write({ALICE: 1}, keeps=[kept(KEY)])) is None
    assert store.kept([KEY]) == {KEY: kept(KEY)}
    assert store.record(write({})) is None


def test_a_key_that_was_used_is_refused_with_what_is_kept_and_its_users_revision(store: Store) -> None:
    store.record(write({ALICE: 0, BOB: 0}, event(1), event(1, BOB), keeps=[kept(KEY, b'{"first": 1}')]))
    again = write({ALICE: 1, BOB: 1}, event(2), event(2, BOB), keeps=[kept(OTHER_KEY), kept(KEY, b'{"second": 2}')])
    assert store.record(again) == Stale({ALICE: 1}, {KEY: kept(KEY, b'{"first": 1}')})
    assert (revisions(store), revisions(store, BOB)) == ([1], [1])
    assert store.kept([KEY, OTHER_KEY]) == {KEY: kept(KEY, b'{"first": 1}')}


def test_a_key_is_looked_at_also_where_nothing_is_to_be_kept_for_it(store: Store) -> None:
    store.record(write({ALICE: 0}, event(1), keeps=[kept(KEY)]))
    assert store.record(write({ALICE: 1}, event(2), keys=[KEY])) == Stale({ALICE: 1}, {KEY: kept(KEY)})
    assert store.record(write({ALICE: 1}, event(2), keys=[OTHER_KEY])) is None
    assert store.kept([OTHER_KEY]) == {}


def test_revisions_and_keys_that_do_not_hold_are_told_together(store: Store) -> None:
    store.record(write({ALICE: 0, BOB: 0}, event(1), event(1, BOB), keeps=[kept(KEY_OF_BOB)]))
    refused = write({ALICE: 0, BOB: 1, CAROL: 0}, event(1, CAROL), keys=[KEY, KEY_OF_BOB])
    assert store.record(refused) == Stale({ALICE: 1, BOB: 1}, {KEY_OF_BOB: kept(KEY_OF_BOB)})


def test_the_same_key_of_two_users_is_two_keys(store: Store) -> None:
    store.record(write({ALICE: 0}, event(1), keeps=[kept(KEY)]))
    assert store.record(write({BOB: 0}, event(1, BOB), keeps=[kept(KEY_OF_BOB)])) is None


def test_an_expired_key_is_free_and_what_was_kept_is_replaced(store: Store) -> None:
    store.record(write({ALICE: 0}, event(1), keeps=[kept(KEY, b'{"old": 1}', EXPIRED)]))
    assert store.record(write({ALICE: 1}, event(2), keeps=[kept(KEY, b'{"new": 1}')])) is None
    assert store.kept([KEY]) == {KEY: kept(KEY, b'{"new": 1}')}
    assert store.record(write({ALICE: 2}, event(3), keys=[KEY])) is not None


def test_a_key_that_expires_a_moment_later_is_not_free(store: Store) -> None:
    at = EXPIRED + timedelta(microseconds=1)
    store.record(write({ALICE: 0}, event(1), keeps=[kept(KEY, at=at)]))
    assert store.record(write({ALICE: 1}, keys=[KEY])) == Stale({ALICE: 1}, {KEY: kept(KEY, at=at)})


def test_events_that_do_not_follow_are_refused_by_the_store_itself_with_all_that_came_with_them(store: Store) -> None:
    broken = write({ALICE: 0, BOB: 0}, event(1, BOB), event(2), keeps=[kept(KEY)])
    with pytest.raises(IntegrityError):
        store.record(broken)
    assert (store.entries(), store.kept([KEY])) == ([], {})
    assert store.record(write({ALICE: 0}, event(1))) is None
    assert positions(store) == [1]


def test_newer_events_are_read_user_by_user_the_oldest_first(store: Store) -> None:
    for n in range(1, 4):
        store.record(write({ALICE: n - 1, BOB: n - 1}, event(n, BOB), event(n)))
    found = store.newer({BOB: 1, CAROL: 0, ALICE: 0})
    assert [(one.stream, one.revision) for one in found] == [(BOB, 2), (BOB, 3), (ALICE, 1), (ALICE, 2), (ALICE, 3)]
    assert {one.value for one in found} <= {entry.value for entry in store.entries()}
    assert {one.topic for one in found} == {"conversation-groups.group-created.v1"}


def test_where_nothing_is_newer_nothing_is_read(store: Store) -> None:
    store.record(write({ALICE: 0}, event(1)))
    assert [*store.newer({}), *store.newer({ALICE: 1, BOB: 0, CAROL: 7})] == []


def test_of_who_has_no_snapshot_all_events_are_read_the_oldest_first(store: Store) -> None:
    for n in range(1, 4):
        store.record(write({ALICE: n - 1, BOB: n - 1}, event(n, BOB), event(n)))
    assert store.recorded([BOB, CAROL, ALICE]) == ({}, store.newer({BOB: 0, CAROL: 0, ALICE: 0}))
    assert store.recorded([]) == store.recorded([CAROL]) == ({}, [])
