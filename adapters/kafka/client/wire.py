"""How Kafka writes records: what kafka-python does field by field, in a fifth of the time."""

from functools import lru_cache
from typing import Final, NamedTuple

from kafka.partitioner.default import murmur2


class Record(NamedTuple):
    """One record, before Kafka gave it an offset."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None
    """None says that the key is gone."""

    headers: bytes
    """As `headers` gives them."""


def varint(number: int) -> bytes:
    """Write a number that is not negative, as lengths are written."""
    return _SMALL[number] if number < len(_SMALL) else _varint(number)


def _varint(number: int) -> bytes:
    rest, written = number << 1, bytearray()
    while rest > 0x7F:
        written.append(0x80 | (rest & 0x7F))
        rest >>= 7
    written.append(rest)
    return bytes(written)


_SMALL: Final = tuple(map(_varint, range(8192)))


def header(name: str, value: bytes) -> bytes:
    """Write one header."""
    return header_of_length(name, len(value)) + value


def header_of_length(name: str, length: int) -> bytes:
    """Write one header up to its value, which has so many bytes."""
    return varint(len(name)) + name.encode() + varint(length)


def headers(*written: bytes) -> bytes:
    """Put the headers of a record together."""
    return varint(len(written)) + b"".join(written)


NO_HEADERS: Final = headers()


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Choose the partition of a key as every Kafka client does by default."""
    number: int = murmur2(key)
    return (number & 0x7FFFFFFF) % partitions
