"""One statement of PostgreSQL, called again and again over one connection: sent while those before it are carried out.

With a connection for each call under way the server would wake a process for each, let it wait for the lock of the one
before it, and wake it again.
"""

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Any, Self

from psycopg import Error, OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow

from adapters.store.connections import LONGEST_SILENCE, AsyncConnection, is_living

NAME = b"called"

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
        """What the server said of the first call; it is not durable yet."""

        self._heard = monotonic()
        self._closed = False
        self._sending = False

    @classmethod
    async def open(cls, connection: AsyncConnection[TupleRow], statement: bytes) -> Self:
        """Prepare the statement. From now on the connection does nothing else, and ends with this."""
        pipeline = cls(connection)
        server = connection.pgconn
        try:
            server.send_prepare(NAME, statement)
            _check(await connection.wait(execute(server)))
        except BaseException:
            await connection.close()
            raise
        server.nonblocking = 1
        server.enter_pipeline_mode()
        pipeline._loop.add_reader(pipeline._socket, pipeline._read)
        pipeline._watch()
        return pipeline

    def is_sound(self) -> bool:
        """Tell whether it can be called. What can be read though nothing was asked is that the server has closed it."""
        if not self._closed and not self._calls and not is_living(self._connection):
            self.close()
        return not self._closed

    def call(self, arguments: Sequence[Any]) -> Call:
        """Call the statement: what it gives is there when its transaction is durable. Raises what the driver does."""
        values = self._arguments.dump_sequence(arguments, [PyFormat.BINARY] * len(arguments))
        call: Call = self._loop.create_future()
        if not self._calls:
            self._heard = monotonic()
        try:
            self._server.send_query_prepared(NAME, values, self._arguments.formats, Format.BINARY)
            self._server.pipeline_sync()
            self._calls.append(call)
            self._send()
        except OperationalError as error:
            self.close(error)
            raise
        return call

    def close(self, reason: Error | None = None) -> None:
        """End. What is under way may be done nevertheless; who waits for it is told the reason."""
        if self._closed:
            return
        self._closed = True
        self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._server.finish()
        for call in self._calls:
            if not call.done():
                call.set_exception(reason or OperationalError("the connection was closed"))

    def _send(self) -> None:
        """Send as much as the system takes, and the rest when it takes more."""
        waits = self._server.flush() != 0
        if waits and not self._sending:
            self._loop.add_writer(self._socket, self._go_on_sending)
        elif self._sending and not waits:
            self._loop.remove_writer(self._socket)
        self._sending = waits

    def _go_on_sending(self) -> None:
        try:
            self._send()
        except OperationalError as error:
            self.close(error)

    def _read(self) -> None:
        self._heard = monotonic()
        try:
            self._server.consume_input()
            ended = False
            while self._calls and not self._server.is_busy():
                result = self._server.get_result()
                if result is None:
                    if ended:
                        break  # no more will come: reading once more says why
                    ended = True
                    continue
                ended = False
                if result.status == ExecStatus.PIPELINE_SYNC:  # it is durable
                    self._answer(self._calls.popleft())
                else:
                    self._result = result
        except OperationalError as error:
            self.close(error)

    def _answer(self, call: Call) -> None:
        result, self._result = self._result, None
        if call.done():  # the caller has gone
            return
        assert result is not None
        if result.status == ExecStatus.FATAL_ERROR:
            call.set_exception(error_from_result(result))
        elif result.ntuples == 0:
            call.set_result([])
        else:
            rows = Transformer(self._connection)
            rows.set_pgresult(result, format=Format.BINARY)
            call.set_result(rows.load_rows(0, result.ntuples, tuple))

    def _watch(self) -> None:
        """Give up a server that says nothing for too long."""
        self._timer = self._loop.call_later(LONGEST_SILENCE / 10, self._watch)
        if self._calls and monotonic() > self._heard + LONGEST_SILENCE:
            self.close(OperationalError(f"nothing was heard for {LONGEST_SILENCE:.0f} s"))


def _check(results: Sequence[PGresult]) -> None:
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
