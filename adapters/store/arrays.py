"""Columns as PostgreSQL's binary arrays: the driver's own way looks at every element, which a column does not need."""

from abc import abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, ClassVar, Final
from uuid import UUID

from psycopg import BaseConnection
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format

_HEAD = Struct("!iiIii")  # dimensions, whether there may be nulls, type, elements, first index
_EMPTY = Struct("!iiI")
_LENGTH = Struct("!i")
_NULL, _INTEGER_LENGTH, _BIGINT_LENGTH, _UUID_LENGTH = map(_LENGTH.pack, (-1, 4, 8, 16))
_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class UUIDs(list[UUID]):
    """A column of type `uuid`."""


class BigInts(list[int]):
    """A column of type `bigint`."""


class Integers(list[int]):
    """A column of type `integer`."""


class Times(list[datetime]):
    """A column of type `timestamptz`."""


class Texts(list[str | None]):
    """A column of type `text`."""


class Bytes(list[bytes]):
    """A column of type `bytea`."""


class _ColumnDumper(Dumper):
    format = Format.BINARY
    element: ClassVar[int]

    def __init_subclass__(cls, element: str) -> None:
        cls.element, cls.oid = types[element].oid, types[element].array_oid

    @abstractmethod
    def encode(self, column: Any) -> bytes:
        """Give the elements, each behind its length."""

    def dump(self, obj: Any) -> bytes:
        if not obj:
            return _EMPTY.pack(0, 0, self.element)
        return _HEAD.pack(1, 1, self.element, len(obj), 1) + self.encode(obj)


class _UUIDs(_ColumnDumper, element="uuid"):
    def encode(self, column: Any) -> bytes:
        return _UUID_LENGTH + _UUID_LENGTH.join([stream.bytes for stream in column])


class _Integers(_ColumnDumper, element="int4"):
    def encode(self, column: Any) -> bytes:
        return _INTEGER_LENGTH + _INTEGER_LENGTH.join([number.to_bytes(4, signed=True) for number in column])


class _BigInts(_ColumnDumper, element="int8"):
    def encode(self, column: Any) -> bytes:
        return _BIGINT_LENGTH + _BIGINT_LENGTH.join([number.to_bytes(8, signed=True) for number in column])


class _Times(_BigInts, element="timestamptz"):
    def encode(self, column: Any) -> bytes:
        return super().encode([(time - _EPOCH) // _MICROSECOND for time in column])


class _Texts(_ColumnDumper, element="text"):
    def encode(self, column: Any) -> bytes:
        return _with_lengths([None if text is None else text.encode() for text in column])


class _Bytes(_ColumnDumper, element="bytea"):
    def encode(self, column: Any) -> bytes:
        return _with_lengths(column)


def _with_lengths(values: Iterable[bytes | None]) -> bytes:
    return b"".join([_NULL if value is None else _LENGTH.pack(len(value)) + value for value in values])


_DUMPERS: Final[dict[type, type[_ColumnDumper]]] = {
    UUIDs: _UUIDs,
    BigInts: _BigInts,
    Integers: _Integers,
    Times: _Times,
    Texts: _Texts,
    Bytes: _Bytes,
}


def register_columns(connection: BaseConnection[Any]) -> None:
    """Let this connection send columns."""
    for column, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(column, dumper)
