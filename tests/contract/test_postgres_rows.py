"""Rows given to PostgreSQL by their columns arrive as they were."""

from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from adapters.store.datastore import Datastore
from adapters.store.rows import COLUMNS, for_each

TIMES = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(2026, 2, 3, 4, 5, 6, 7, timezone(timedelta(hours=8))),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC),
)
VALUES = {
    "uuid": (UUID(int=0), UUID(int=2**128 - 1)),
    "int8": (-(2**63), -1, 0, 2**63 - 1),
    "int4": (-(2**31), -1, 0, 2**31 - 1),
    "timestamptz": TIMES,
    "text": ("", None, "产品体验", "two\nlines", "x" * 100_000),
    "bytea": (b"", b"\x00\xff", b"x" * 100_000),
}


def test_every_type_of_column_is_looked_at() -> None:
    assert VALUES.keys() == COLUMNS.keys()


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_a_column_arrives_as_it_was(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, kind: str, at_once: int
) -> None:
    monkeypatch.setattr("adapters.store.rows.IN_MEMORY", at_once)
    rows = [(value,) for value in VALUES[kind]]
    with closing(Datastore(postgres_url)) as datastore, datastore.statement() as c:
        assert for_each(c, "SELECT * FROM unnest({})", (kind,), rows) == rows
        assert for_each(c, "SELECT * FROM unnest({})", (kind,), []) == []
