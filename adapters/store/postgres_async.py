"""Records commands in PostgreSQL for an event loop, without a thread."""

from asyncio import Lock, get_running_loop, sleep, timeout_at
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow, tuple_row

from adapters.store.connections import OPTIONS, AsyncConnection, configure_async, conninfo, failures_named, is_living
from adapters.store.datastore import PATIENCE
from adapters.store.pipeline import Pipeline
from adapters.store.postgres_statements import (
    HISTORY,
    NEWER,
    RECORD_PREPARED,
    history,
    history_arguments,
    newer_arguments,
    newer_events,
    record_arguments,
    stale,
)
from domain.ports import History, Stale, Write
from domain.stored import Stored

TRY_AGAIN = 0.1
"""Seconds between two attempts to connect."""


class AsyncPostgresRecorder:
    """Implements `domain.ports.AsyncRecorder`: one connection records, and for each read under way there is one."""

    def __init__(self, url: str) -> None:
        self._conninfo = conninfo(url)
        self._idle: list[psycopg.AsyncCursor[TupleRow]] = []
        """Of each connection that has nothing to do its one cursor."""

        self._pipeline: Pipeline | None = None
        self._opening = Lock()

    async def __aenter__(self) -> Self:
        """Begin; connections are made when they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open."""
        if self._pipeline is not None:
            self._pipeline.close()
        for cursor in self._idle:
            await cursor.connection.close()

    async def record(self, write: Write) -> Stale | None:
        """Record everything in one durable commit, if what was decided on holds."""
        with failures_named():
            pipeline = await self._recording()
            found = await pipeline.call(record_arguments(write))
        return stale(write, found) if found else None

    async def newer(self, known: Mapping[UUID, int]) -> list[Stored]:
        """Read the events of these users that follow the revisions, in one query."""
        return newer_events(known, await self._rows(NEWER, newer_arguments(known)))

    async def history(self, streams: Collection[UUID]) -> History:
        """Read all that is needed to know the groups of these users, in one query."""
        return history(await self._rows(HISTORY, history_arguments(streams)))

    async def _recording(self) -> Pipeline:
        until = get_running_loop().time() + PATIENCE  # also for who waits while another one connects
        async with self._opening:
            if self._pipeline is None or not self._pipeline.may_be_called():
                self._pipeline = await Pipeline.open(await self._connection(until), RECORD_PREPARED)
            return self._pipeline

    async def _rows(self, statement: str, arguments: tuple[Any, ...]) -> list[TupleRow]:
        with failures_named():
            cursor = await self._living()
            try:
                await cursor.execute(statement, arguments)
                rows = await cursor.fetchall()
            except BaseException:  # whatever it was, the next one begins with a connection that is sound
                await cursor.connection.close()
                raise
            self._idle.append(cursor)
            return rows

    async def _living(self) -> psycopg.AsyncCursor[TupleRow]:
        """Give a connection that the server has not closed; where there is none, make one."""
        while self._idle:
            cursor = self._idle.pop()
            if is_living(cursor.connection):
                return cursor
            await cursor.connection.close()
        connection = await self._connection(get_running_loop().time() + PATIENCE)
        return connection.cursor(binary=True, row_factory=tuple_row)

    async def _connection(self, until: float) -> AsyncConnection[TupleRow]:
        """Connect; where the server is away, try again until then, by the loop's clock."""
        away: psycopg.OperationalError | None = None
        try:
            async with timeout_at(until):
                while True:
                    try:
                        return await self._connected()
                    except psycopg.OperationalError as error:
                        away = error
                    await sleep(TRY_AGAIN)
        except TimeoutError:
            raise away or psycopg.OperationalError(f"no connection within {PATIENCE:.0f} s") from None

    async def _connected(self) -> AsyncConnection[TupleRow]:
        connection = await AsyncConnection[TupleRow].connect(self._conninfo, **OPTIONS)
        try:
            await configure_async(connection)
        except BaseException:
            await connection.close()
            raise
        return connection
