"""Statements for many rows at once, which PostgreSQL is given by their columns."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg.rows import TupleRow
from psycopg.sql import SQL

from adapters.store.arrays import BigInts, Bytes, Integers, Texts, Times, UUIDs
from adapters.store.datastore import Cursor

COLUMNS: Final[dict[str, type[list[Any]]]] = {
    "uuid": UUIDs,
    "int8": BigInts,
    "int4": Integers,
    "timestamptz": Times,
    "text": Texts,
    "bytea": Bytes,
}

IN_MEMORY = 1000
"""So many rows the server takes from arrays without writing them to a file first."""


def for_each(
    c: Cursor, statement: LiteralString, types: Sequence[LiteralString], rows: Sequence[tuple[object, ...]]
) -> list[TupleRow]:
    """Do this for each row, `{}` in the statement standing for the columns, of these types; give all that it returns.

    Not with COPY, where rows are inserted: a process that is held up in the middle of one keeps the row of its follower
    from all others, as the server waits for the rest without an end.
    """
    arrays = SQL(", ").join(SQL("%b::{}[]").format(SQL(column)) for column in types)
    returned: list[TupleRow] = []
    for first in range(0, len(rows), IN_MEMORY):
        columns = zip(*rows[first : first + IN_MEMORY], strict=True)
        values = [COLUMNS[kind](column) for kind, column in zip(types, columns, strict=True)]
        c.execute(SQL(statement).format(arrays), values)
        if c.description is not None:
            returned += c.fetchall()
    return returned
