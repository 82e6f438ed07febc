"""Calls one statement of PostgreSQL without waiting for the answers before it (libpq's pipeline mode)."""

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Self, TypeGuard

import structlog
from psycopg import OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow

from adapters.store.connections import LONGEST_SILENCE, AsyncConnection, in_a_line, is_living

logger = structlog.get_logger("recording")

NAME = b"statement"
Call = Future[list[TupleRow]]


class Pipeline:
    """A connection that calls one statement. Each call is a transaction; they are carried out in their order."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._socket = self._server.socket
        self._loop = get_running_loop()
        self._arguments = Transformer(connection)
        self._calls: deque[Call] = deque()
        self._result: PGresult | None = None
        """What the first call gave, until it is known that its transaction has ended."""

        self._heard = monotonic()
        self._sending = False
        self._failed = False
        self._closed = False

    @classmethod
    async def open(cls, connection: AsyncConnection[TupleRow], statement: bytes) -> Self:
        """Prepare the statement. From now on the connection does nothing else, and ends with this."""
        server = connection.pgconn
        try:
            server.send_prepare(NAME, statement)
            for prepared in await connection.wait(execute(server)):
                _check(prepared, ExecStatus.COMMAND_OK)
            server.nonblocking = 1
            server.enter_pipeline_mode()
            pipeline = cls(connection)
            pipeline._loop.add_reader(pipeline._socket, pipeline._read)
        except BaseException:
            await connection.close()
            raise
        pipeline._watch()
        return pipeline

    def may_be_called(self) -> bool:
        """Tell whether it is sound. After a call that failed it is not: another server may carry out the next one.

        Where something can be read though nothing was asked the server has closed it, and so does this.
        """
        if not self._closed and not self._calls and not is_living(self._connection):
            self.close()
        return not self._closed and not self._failed

    def call(self, arguments: Sequence[Any]) -> Call:
        """Call the statement: what it gives is there when its transaction is durable.

        Raises, here or when awaited, what the driver raises.
        """
        values = self._arguments.dump_sequence(arguments, [PyFormat.BINARY] * len(arguments))
        if not self._calls:
            self._heard = monotonic()
        call: Call = self._loop.create_future()
        try:
            self._server.send_query_prepared(NAME, values, self._arguments.formats, Format.BINARY)
            self._server.pipeline_sync()
            self._send()
        except BaseException as error:
            self.close(error)
            raise
        self._calls.append(call)
        self._answer_calls()  # whoever sends takes in what there is to read
        return call

    def close(self, reason: BaseException | None = None) -> None:
        """End. What is under way may be done nevertheless; who waits for it is told the reason."""
        if self._closed:
            return
        self._closed = True
        told = error_from_result(self._result) if _is_failure(self._result) else reason  # the server's own word first
        if self._calls and told is not None:
            logger.warning("the connection that records was lost", commits=len(self._calls), reason=in_a_line(told))
        if not isinstance(told, OperationalError):
            told = OperationalError(f"the connection was closed: {told or 'the service ends'}")
        for call in self._calls:
            if not call.done():
                call.set_exception(told)
        self._calls.clear()
        self._timer.cancel()
        with suppress(Exception):  # libpq has closed the socket, and another one may have its number
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._server.finish()

    def _send(self) -> None:
        """Send as much as the system takes, and the rest when it takes more."""
        waits = self._server.flush() != 0
        if waits and not self._sending:
            self._loop.add_writer(self._socket, self._go_on_sending)
        elif self._sending and not waits:
            self._loop.remove_writer(self._socket)
        self._sending = waits

    def _go_on_sending(self) -> None:
        self._heard = monotonic()
        try:
            self._send()
        except Exception as error:  # noqa: BLE001 - whoever waits is to be told
            self.close(error)
        else:
            self._answer_calls()

    def _read(self) -> None:
        if self._closed:
            return
        self._heard = monotonic()
        try:
            self._server.consume_input()
        except Exception as error:  # noqa: BLE001 - whoever waits is to be told
            self._answer_calls()
            self.close(error)
            return
        self._answer_calls()
        # uvloop calls no more once a socket was reset, though what came before that is read first.
        if self._calls and not is_living(self._connection):
            self._loop.call_soon(self._read)

    def _answer_calls(self) -> None:
        """Answer those whose transactions are known to have ended."""
        nothing = 0
        try:
            while self._calls and nothing < 2 and not self._server.is_busy():
                result = self._server.get_result()
                nothing = nothing + 1 if result is None else 0
                if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
                    self._answer(self._calls.popleft())
                elif result is not None and not _is_failure(self._result):  # the first one is why
                    self._result = result
        except Exception as error:  # noqa: BLE001 - whoever waits is to be told
            self.close(error)
        if nothing == 2:  # the end of a call's rows is said once: libpq has given up
            self.close(OperationalError(self._server.get_error_message()))
        if self._failed and not self._calls:
            self.close()

    def _answer(self, call: Call) -> None:
        result, self._result = self._result, None
        try:
            rows = _rows(self._connection, result)
        except Exception as error:  # noqa: BLE001 - it is for the caller
            self._failed = True
            if not call.done():  # the caller may have gone
                call.set_exception(error)
        else:
            if not call.done():
                call.set_result(rows)

    def _watch(self) -> None:
        """Give up a server that says nothing for too long."""
        self._timer = self._loop.call_later(LONGEST_SILENCE / 10, self._watch)
        if self._calls and monotonic() > self._heard + LONGEST_SILENCE:
            self.close(OperationalError(f"nothing was heard for {LONGEST_SILENCE:.0f} s"))


def _is_failure(result: PGresult | None) -> TypeGuard[PGresult]:
    return result is not None and result.status == ExecStatus.FATAL_ERROR


def _check(result: PGresult | None, wanted: ExecStatus) -> PGresult:
    if result is None:
        raise OperationalError("the server gave no result")
    if result.status != wanted:
        raise error_from_result(result)
    return result


def _rows(connection: AsyncConnection[TupleRow], result: PGresult | None) -> list[TupleRow]:
    found = _check(result, ExecStatus.TUPLES_OK)
    if found.ntuples == 0:
        return []
    rows = Transformer(connection)
    rows.set_pgresult(found, format=Format.BINARY)
    return rows.load_rows(0, found.ntuples, tuple)
