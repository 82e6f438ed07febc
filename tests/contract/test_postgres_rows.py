"""Rows given to PostgreSQL by their columns arrive as they were."""

from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from adapters.store.arrays import BigInts, Bytes, Integers, Texts, Times, UUIDs
from adapters.store.datastore import Datastore
from adapters.store.rows import for_each

COLUMNS: list[list[Any]] = [
    UUIDs([UUID(int=0), UUID(int=2**128 - 1)]),
    BigInts([-(2**63), -1, 0, 2**63 - 1]),
    Integers([-(2**31), -1, 0, 2**31 - 1]),
    Times(
        [
            datetime(1970, 1, 1, tzinfo=UTC),
            datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
            datetime(2026, 2, 3, 4, 5, 6, 7, timezone(timedelta(hours=8))),
            datetime(9999, 12, 30, 23, 59, 59, 999_999, UTC),
        ]
    ),
    Texts(["", None, "产品体验", "two\nlines", "x" * 100_000]),
    Bytes([b"", b"\x00\xff", b"x" * 100_000]),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: type(column).__name__)
@pytest.mark.parametrize("at_once", [1, 2, 1000])
@pytest.mark.parametrize("query", ["", "?client_encoding=latin1"])
def test_a_column_arrives_as_it_was(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, column: list[Any], at_once: int, query: str
) -> None:
    monkeypatch.setattr("adapters.store.rows.AT_ONCE", at_once)
    rows = [(value,) for value in column]
    with closing(Datastore(postgres_url + query)) as datastore, datastore.statement() as c:
        assert for_each(c, "SELECT * FROM unnest(%b)", (type(column),), rows) == rows
        assert for_each(c, "SELECT * FROM unnest(%b)", (type(column),), []) == []
