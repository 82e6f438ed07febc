"""The recorder on an event loop: what happens to its connections."""

import asyncio
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError
from structlog.testing import capture_logs

from adapters.store import pipeline
from adapters.store import postgres_async as module
from adapters.store.postgres_async import AsyncPostgresRecorder
from domain.ports import Key, Stale, Unavailable, Write
from domain.stored import Stored
from tests.contract.stores import ALICE, APP, BOB, Clock
from tests.services.postgres_proxy import PostgresProxy
from tests.unit.adapters.commits import until

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Give the loop that the service runs on, and the one that has no part in C."""
    return "asyncio", {"use_uvloop": request.param}


def sessions(url: str) -> list[int]:
    """Give the process IDs of the server for other sessions on this database."""
    with psycopg.connect(url) as connection:
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        return [pid for (pid,) in connection.execute(query)]


WAITS = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


FAILS_AT_THE_END = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not to be'; END $$;
CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON stored_events INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION fail()
"""


def nothing(revision: int = 0) -> Write:
    return Write({ALICE: revision}, (), (), (), Clock().now)


def event(user: UUID, revision: int, *, known: int = 0, value: bytes = b"{}") -> Write:
    return Write({user: known}, (), [Stored(user, revision, "GroupCreated", value)], (), Clock().now)


async def until_one_waits(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as looks:
        await until(lambda: looks.execute(WAITS).rowcount > 0)


async def held_up(
    recorder: AsyncPostgresRecorder, url: str, other: psycopg.Connection[Any], *writes: Write
) -> list[asyncio.Task[Stale | None]]:
    """Let these be under way, in this order, until the transaction of `other` ends."""
    other.execute("SELECT pg_advisory_xact_lock(7016511408512483955)")  # the log's
    tasks = [asyncio.create_task(recorder.record(write)) for write in writes]
    await until_one_waits(url)
    return tasks


async def test_one_connection_records_others_read_and_all_are_closed_at_the_end(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        assert sessions(migrated) == []
        await asyncio.gather(*(recorder.record(nothing()) for _ in range(3)))
        assert await recorder.record(nothing()) is None
        assert len(sessions(migrated)) == 1
        await asyncio.gather(*(recorder.newer({ALICE: 0}) for _ in range(2)))
        await recorder.newer({ALICE: 0})
        assert len(sessions(migrated)) == 3
    await until(lambda: not sessions(migrated))


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        await recorder.record(nothing())
        [pid] = sessions(migrated)
        with psycopg.connect(migrated, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert await recorder.record(nothing()) is None
        assert pid not in sessions(migrated)


async def test_whoever_is_cancelled_takes_nobody_elses_answer_away(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        await recorder.record(nothing())
        with psycopg.connect(migrated) as other:
            waiting = await held_up(recorder, migrated, other, nothing(), event(ALICE, 1), nothing(revision=5))
            waiting[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting[0]
        assert await waiting[1] is None
        stale = await waiting[2]
        assert stale is not None
        assert stale.heads == {ALICE: 1}
        assert [stored.revision for stored in await recorder.newer({ALICE: 0})] == [1]


async def test_of_several_under_way_one_that_fails_disturbs_no_other(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        with psycopg.connect(migrated) as other:
            waiting = await held_up(recorder, migrated, other, event(ALICE, 1), event(ALICE, 1, known=1), event(BOB, 1))
        first, second, third = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
        assert first is None
        assert isinstance(second, IntegrityError)
        assert third is None
        assert [len(await recorder.newer({user: 0})) for user in (ALICE, BOB)] == [1, 1]


async def test_what_fails_when_it_is_committed_is_not_recorded_and_says_so(migrated: str) -> None:
    with psycopg.connect(migrated) as connection:
        connection.execute(FAILS_AT_THE_END)
    async with AsyncPostgresRecorder(migrated) as recorder:
        with pytest.raises(psycopg.errors.RaiseException, match="not to be"):
            await recorder.record(event(ALICE, 1))
        assert await recorder.newer({ALICE: 0}) == []


async def test_where_the_connection_breaks_all_under_way_are_told_and_the_next_one_has_a_new_one(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        await recorder.record(nothing())
        [pid] = sessions(migrated)
        with psycopg.connect(migrated) as other:
            waiting = await held_up(recorder, migrated, other, event(ALICE, 1), event(BOB, 1))
            with capture_logs() as said:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
                for task in waiting:
                    with pytest.raises(Unavailable, match="administrator command"):
                        await asyncio.wait_for(task, 10)
        assert [(one["commits"], one["reason"]) for one in said] == [
            (2, "terminating connection due to administrator command")
        ]
        assert await recorder.record(event(ALICE, 1)) is None


async def test_what_was_done_though_its_answer_cannot_be_read_is_not_called_refused(migrated: str) -> None:
    with PostgresProxy(migrated) as proxy:
        async with AsyncPostgresRecorder(proxy.url_for(migrated)) as recorder:
            await recorder.record(nothing())
            proxy.garble(b"T")
            with pytest.raises(Unavailable, match="insufficient data"):
                await recorder.record(event(ALICE, 1))
            assert [stored.revision for stored in await recorder.newer({ALICE: 0})] == [1]
            assert await recorder.record(event(BOB, 1)) is None


async def test_what_was_kept_and_cannot_be_read_fails_for_whoever_asks_and_nobody_else(migrated: str) -> None:
    key = Key(APP, "alice", "key")
    with psycopg.connect(migrated) as connection:
        connection.execute("INSERT INTO kept_outcomes VALUES (%s, 'key', '', '', 'infinity')", (key.stream,))
    async with AsyncPostgresRecorder(migrated) as recorder:
        asks = Write({ALICE: 0}, [key], (), (), Clock().now)
        with psycopg.connect(migrated) as other:
            first, second = await held_up(recorder, migrated, other, asks, event(BOB, 1))
        with pytest.raises(psycopg.DataError, match="timestamp too large"):
            await asyncio.wait_for(first, 10)
        assert await asyncio.wait_for(second, 10) is None
        assert await recorder.record(event(ALICE, 1)) is None


async def test_after_a_call_that_failed_another_connection_is_used(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        await recorder.record(event(ALICE, 1))
        [before] = sessions(migrated)
        with pytest.raises(IntegrityError):
            await recorder.record(event(ALICE, 1, known=1))
        assert await recorder.record(event(BOB, 1)) is None
        [after] = sessions(migrated)
        assert after != before


async def test_what_the_system_does_not_take_at_once_is_sent_bit_by_bit(migrated: str) -> None:
    large = bytes(30_000_000)
    async with AsyncPostgresRecorder(migrated) as recorder:
        with psycopg.connect(migrated) as other:
            waiting = await held_up(recorder, migrated, other, event(ALICE, 1, value=large), event(BOB, 1, value=large))
        assert await asyncio.wait_for(asyncio.gather(*waiting), 30) == [None, None]
        for user in ALICE, BOB:
            [stored] = await recorder.newer({user: 0})
            assert stored.value == large


async def test_a_server_that_says_nothing_is_given_up(migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LONGEST_SILENCE", 0.3)
    async with AsyncPostgresRecorder(migrated) as recorder:
        with psycopg.connect(migrated) as other:
            [waiting] = await held_up(recorder, migrated, other, event(ALICE, 1))
            with pytest.raises(Unavailable, match="nothing was heard"):
                await asyncio.wait_for(waiting, 10)
        assert await recorder.record(event(BOB, 1)) is None


async def test_a_reader_that_is_cancelled_leaves_no_connection_behind_that_is_in_the_middle(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        with psycopg.connect(migrated) as other:
            other.execute("LOCK TABLE stored_events")
            reading = asyncio.create_task(recorder.newer({ALICE: 0}))
            await until_one_waits(migrated)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        assert await recorder.newer({ALICE: 0}) == []


async def test_a_server_that_is_away_is_waited_for_so_long_and_no_longer(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    async with AsyncPostgresRecorder("postgresql://nobody@127.0.0.1:1/none") as recorder:
        begin = monotonic()
        with pytest.raises(Unavailable, match="The database does not answer"):
            await recorder.record(nothing())
        assert 0.29 <= monotonic() - begin < 3  # uvloop counts whole milliseconds
