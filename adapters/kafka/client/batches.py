"""Batches of records, whole: one by one they would cost a producer in Python more than all the rest."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from time import time
from typing import Any, Final

from kafka import TopicPartition, errors
from kafka.producer.future import FutureRecordMetadata
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecordsBuilder

from adapters.kafka.client.wire import Record, varint

_LEVEL: Final = 4
"""Of compression: the 9 of kafka-python takes four times as long for a seventh less."""

_GZIP: Final = 31

_MOST_LENGTH: Final = 5
"""Bytes that the length of a record has at most."""


def send_whole_batches(producer: Any) -> None:
    """Prepare a producer of kafka-python: it would halve a batch that is too large, whose one future is for both."""
    producer._sender._can_split = lambda _batch, _error: False  # noqa: SLF001


def enqueue(producer: Any, records: Sequence[Record]) -> list[Any]:
    """Hand these records to a producer that is in a transaction; gives the future of each batch.

    It is what `send` does with each record. The batches of one partition keep the order of the records; each has at
    most the producer's `batch_size` before it is packed, or one larger record.
    """
    accumulator, transactions = producer._accumulator, producer._transaction_manager  # noqa: SLF001
    sent = []
    for place, batch in _batches(records, producer.config["compression_attrs"], producer.config["batch_size"]):
        _check_there(producer, place)
        transactions.maybe_add_partition_to_transaction(place)
        with accumulator._tp_lock(place):  # noqa: SLF001
            accumulator._batches[place].append(batch)  # noqa: SLF001
            accumulator._incomplete.add(batch)  # noqa: SLF001
        producer._sender.wakeup()  # noqa: SLF001
        sent.append(batch._record_futures[0])  # noqa: SLF001
    return sent


def _check_there(producer: Any, place: TopicPartition) -> None:
    topics = producer._metadata  # noqa: SLF001
    if topics.partitions_for_topic(place.topic) is None:
        producer._wait_on_metadata(place.topic, producer.config["max_block_ms"])  # noqa: SLF001
    if place.partition not in topics.partitions_for_topic(place.topic):
        raise errors.StaleMetadata(f"there is no partition {place.partition} of {place.topic}: it was made anew")


def _batches(records: Sequence[Record], compression: int, most: int) -> Iterator[tuple[TopicPartition, ProducerBatch]]:
    now = int(1000 * time())
    of_partition = itemgetter(0, 1)
    for (topic, partition), own in groupby(sorted(records, key=of_partition), of_partition):
        place = TopicPartition(topic, partition)
        builder = _Builder(compression, most, now)
        for _, _, key, value, headers in own:
            if not builder.add(key, value, headers):
                yield place, builder.batch(place)
                builder = _Builder(compression, most, now)
                builder.add(key, value, headers)
        yield place, builder.batch(place)


class _Builder(DefaultRecordBatchBuilder):  # type: ignore[misc]  # kafka-python has no types
    """The content of one batch."""

    def __init__(self, compression: int, most: int, now: int) -> None:
        super().__init__(2, compression, False, -1, -1, -1, most)
        self._first_timestamp = self._max_timestamp = now
        self._num_records = 0

    def add(self, key: bytes, value: bytes | None, headers: bytes) -> bool:
        """Write a record behind the others; False where there is no room for it."""
        number: int = self._num_records
        content = b"\1" if value is None else varint(len(value)) + value
        # No attributes, and no difference to the time of the batch.
        record = b"".join((b"\0\0", varint(number), varint(len(key)), key, content, headers))
        if number and len(self._buffer) + len(record) > self._batch_size - _MOST_LENGTH:
            return False
        self._buffer += varint(len(record))
        self._buffer += record
        self._last_offset = number
        self._num_records = number + 1
        return True

    def batch(self, place: TopicPartition) -> ProducerBatch:
        """Give it as the producer keeps it, with one future for all of its records."""
        records = MemoryRecordsBuilder(2, self._compression_type, self._batch_size)
        records._builder = self  # noqa: SLF001
        records._next_offset = self._num_records  # noqa: SLF001
        batch = ProducerBatch(place, records)
        whole = FutureRecordMetadata(batch.produce_future, 0, self._max_timestamp, None, -1, -1, -1)
        batch._record_futures.append(whole)  # noqa: SLF001
        return batch

    def _maybe_compress(self) -> bool:
        if self._compression_type != self.CODEC_GZIP:
            return bool(super()._maybe_compress())
        begin = self.HEADER_STRUCT.size
        packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        packed = packing.compress(memoryview(self._buffer)[begin:]) + packing.flush()
        if len(packed) >= len(self._buffer) - begin:
            return False
        del self._buffer[begin:]
        self._buffer += packed
        return True
