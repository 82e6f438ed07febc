"""Statements for many rows at once, which PostgreSQL is given by their columns."""

from collections.abc import Sequence
from typing import Any, LiteralString

from psycopg.rows import TupleRow

from adapters.store.datastore import Cursor

AT_ONCE = 1000
"""So many rows of usual size the server takes from arrays without writing them to a file first (`work_mem = 4MB`)."""


def for_each(
    c: Cursor, statement: LiteralString, columns: Sequence[type[list[Any]]], rows: Sequence[tuple[object, ...]]
) -> list[TupleRow]:
    """Do this for each row, and give all that it returns. The statement takes the columns, which are of these types.

    Not with COPY, where rows are inserted: a process that is held up in the middle of one keeps the row of its follower
    from all others, as the server waits for the rest without an end.
    """
    returned: list[TupleRow] = []
    for first in range(0, len(rows), AT_ONCE):
        values = zip(*rows[first : first + AT_ONCE], strict=True)
        c.execute(statement, [column(given) for column, given in zip(columns, values, strict=True)])
        if c.description is not None:
            returned += c.fetchall()
    return returned
