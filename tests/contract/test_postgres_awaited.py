"""The recorder on an event loop: what happens to its connections."""

import asyncio

import psycopg
import pytest

from adapters.store import postgres_async as module
from adapters.store.postgres_async import AsyncPostgresRecorder
from domain.ports import Unavailable, Write
from tests.contract.stores import ALICE, Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def sessions(url: str) -> list[int]:
    """Give the process IDs of the server for other sessions on this database."""
    with psycopg.connect(url) as connection:
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        return [pid for (pid,) in connection.execute(query)]


WAITS = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def nothing() -> Write:
    return Write({ALICE: 0}, (), (), (), Clock().now)


async def test_one_connection_is_made_and_used_again_and_closed_at_the_end(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        assert sessions(migrated) == []
        for _ in range(3):
            assert await recorder.record(nothing()) is None
        first = sessions(migrated)
        assert len(first) == 1
        await asyncio.gather(*(recorder.record(nothing()) for _ in range(2)))
        assert len(sessions(migrated)) == 2
    async with asyncio.timeout(10):
        while sessions(migrated):  # noqa: ASYNC110 - the server ends them
            await asyncio.sleep(0.01)


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        await recorder.record(nothing())
        [pid] = sessions(migrated)
        with psycopg.connect(migrated, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert await recorder.record(nothing()) is None
        assert pid not in sessions(migrated)


async def test_one_who_is_cancelled_leaves_no_connection_behind_that_is_in_the_middle(migrated: str) -> None:
    async with AsyncPostgresRecorder(migrated) as recorder:
        await recorder.record(nothing())
        with psycopg.connect(migrated) as other:
            other.execute("SELECT pg_advisory_xact_lock(7016511408512483955)")  # the log's
            waiting = asyncio.create_task(recorder.record(nothing()))
            async with asyncio.timeout(10):
                while not other.execute(WAITS).rowcount:  # noqa: ASYNC110 - the server tells, if asked
                    await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert await recorder.record(nothing()) is None
        assert await recorder.newer({ALICE: 0}) == []


async def test_a_server_that_is_away_is_waited_for_so_long_and_no_longer(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    async with AsyncPostgresRecorder("postgresql://nobody@127.0.0.1:1/none") as recorder:
        begin = asyncio.get_running_loop().time()
        with pytest.raises(Unavailable, match="The database does not answer"):
            await recorder.record(nothing())
        assert 0.3 <= asyncio.get_running_loop().time() - begin < 3
