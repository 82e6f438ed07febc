"""What PostgreSQL alone must show: its log guards itself, and can be read by the library that it is built with."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from adapters.store.postgres import FunctionsRefused, PostgresRecorder, environment
from adapters.store.postgres_log import PostgresLog
from domain.commands import CreateGroup
from domain.ports import Write
from domain.service import ConversationGroups
from domain.stored import Stored
from tests.contract.stores import ALICE, Clock, Store, postgres_store
from tests.contract.test_recording import event, write

ONE = CreateGroup(group_name="One", conversation_ids=("C2Ca",))
RAW = "INSERT INTO stored_events VALUES (%s, %s, 'conversation-groups.group-created.v1', '{}', %s)"


@pytest.fixture
def store(postgres_url: str, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with postgres_store(postgres_url)(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def by_hand(store: Store) -> Iterator[psycopg.Connection]:
    """Give a connection beside the service's."""
    with psycopg.connect(url_of(store), autocommit=True) as connection:
        yield connection


def recorder(store: Store) -> PostgresRecorder:
    return cast("PostgresRecorder", store.groups.recorder)


def url_of(store: Store) -> str:
    return str(recorder(store).datastore.pool.conninfo)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state = 'x' WHERE notification_id = 1",
        "UPDATE stored_events SET notification_id = 9 WHERE notification_id = 1",
        "UPDATE stored_events SET topic = topic WHERE false",
        "DELETE FROM stored_events WHERE notification_id = 2",
        "DELETE FROM stored_events",
        "TRUNCATE stored_events",
        "MERGE INTO stored_events AS o USING log ON o.notification_id = 1 WHEN MATCHED THEN UPDATE SET state = 'x'",
    ],
)
def test_what_was_recorded_is_never_changed_and_never_deleted(
    store: Store, by_hand: psycopg.Connection, statement: str
) -> None:
    store.outcome(ONE)
    before = store.entries()
    with pytest.raises(psycopg.errors.CheckViolation, match="what was recorded is never") as refused:
        by_hand.execute(statement.encode())
    assert refused.value.diag.constraint_name == "stored_events_unchanged"
    assert store.entries() == before


@pytest.mark.parametrize(
    ("revision", "position", "constraint"),
    [
        (4, 3, "stored_events_without_gap"),
        (9, 3, "stored_events_without_gap"),
        (0, 3, "stored_events_first_revision"),
        (-1, 3, "stored_events_first_revision"),
        (2, 3, "stored_events_one_per_revision"),
        (3, 2, "stored_events_one_per_position"),
    ],
)
def test_what_does_not_follow_is_refused_to_a_person_with_a_shell_too(
    store: Store, by_hand: psycopg.Connection, revision: int, position: int, constraint: str
) -> None:
    store.outcome(ONE)
    with pytest.raises(psycopg.IntegrityError) as refused:
        by_hand.execute(RAW, (ALICE, revision, position))
    assert refused.value.diag.constraint_name == constraint
    by_hand.execute(RAW, (ALICE, 3, 3))
    assert store.log.revision(ALICE) == 3


@pytest.mark.parametrize(
    ("refused", "constraint"),
    [
        (write({ALICE: 2}, event(4)), "stored_events_without_gap"),
        (write({ALICE: 2}, event(2)), "stored_events_one_per_revision"),
        (write({}, event(0, UUID(int=1))), "stored_events_first_revision"),
    ],
)
def test_a_refusal_of_the_database_says_which_rule_it_was(store: Store, refused: Write, constraint: str) -> None:
    store.outcome(ONE)
    with pytest.raises(IntegrityError, match=f"^{constraint}: "):
        store.recorder.record(refused)


def test_the_functions_of_the_library_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would write around the lock that makes positions follow the order of commits."""
    for value in ("y", "yes", "true", "1"):
        monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", value)
        with pytest.raises(FunctionsRefused, match=r"POSTGRES_ENABLE_DB_FUNCTIONS.*unset it"):
            ConversationGroups(environment(url_of(store)))


def test_no_other_variable_of_the_library_changes_the_service(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DBNAME", "HOST", "PORT", "USER", "PASSWORD", "SCHEMA"):
        monkeypatch.setenv(f"POSTGRES_{name}", "elsewhere")
    with ConversationGroups(environment(url_of(store))) as groups:
        assert groups.state_of(ALICE).revision == 0


def test_the_library_alone_can_read_the_log(store: Store) -> None:
    """`eventsourcing` as it is, on its own recorder, without a line of this service."""
    store.outcome(ONE)
    store.outcome(ONE, user="bob")
    at = psycopg.conninfo.conninfo_to_dict(url_of(store))
    schema = str(at["options"]).removeprefix("-csearch_path=")
    dbname, host, port, user, password = (str(at.get(n) or "") for n in ("dbname", "host", "port", "user", "password"))
    datastore = PostgresDatastore(dbname, host, port, user, password, schema=schema)
    try:
        library = PostgresApplicationRecorder(datastore)
        entries = store.entries()
        read = library.select_events(ALICE)
        assert [Stored(UUID(str(e.originator_id)), e.originator_version, e.topic, e.state) for e in read] == [
            Stored(ALICE, e.event.revision, e.event.TOPIC, e.value) for e in entries[:2]
        ]
        assert [one.originator_version for one in library.select_events(ALICE, gt=1)] == [2]
        notified = library.select_notifications(start=2, limit=10)
        assert [(one.id, one.state) for one in notified] == [(e.position, e.value) for e in entries[1:]]
        assert library.max_notification_id() == 4
    finally:
        datastore.close()


def test_the_id_of_a_log_is_renewed_by_the_operator(store: Store) -> None:
    log = cast("PostgresLog", store.log)
    before = log.log_id()
    after = log.renew_log_id()
    assert log.log_id() == after != before
    assert after.version == 4


def test_what_is_kept_may_hold_every_character(store: Store) -> None:
    name = CreateGroup(group_name="产品 🙂 'x' \\", conversation_ids=("C2C\u202e",))
    first = store.outcome(name, user="用户🙂", key="'; --")
    assert store.send(name, user="用户🙂", key="'; --")[0].result == first
