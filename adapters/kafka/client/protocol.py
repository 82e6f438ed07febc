"""Transactions by the protocol in which no late message can reach into the next one (KIP-890, transaction.version 2).

kafka-python speaks EndTxn version 3. There the end of a transaction is told from the end of the next one by nothing:
a request that a network held back, and that the client has long since repeated, ends whatever transaction is open when
it arrives, and commits the half of it that is written. In version 5 the broker raises the producer's epoch with every
end, so that a late request is of an epoch that is over, and is refused. And a partition joins a transaction with the
first batch that is produced to it (Produce version 12), which saves a request for each transaction.
"""

from typing import Any

from kafka.errors import NoError, for_code
from kafka.producer.transaction_manager import EndTxnHandler, ProducerIdAndEpoch, TransactionManager
from kafka.protocol.producer import EndTxnRequest, ProduceRequest

TRANSACTION_VERSION = 2
"""What the feature `transaction.version` of the cluster must be finalized at for version 5 to hold what it promises."""


def speak_version_2(producer: Any) -> None:
    """Make a `KafkaProducer`, before its first transaction, write by Produce version 12 and end by EndTxn version 5."""
    # The manager is built deep inside the producer's constructor and shared with its thread: its class is the one
    # thing about it that can be replaced in one step.
    producer._transaction_manager.__class__ = _Version2  # noqa: SLF001 - there is no public place for it
    ask = producer._sender._produce_request  # noqa: SLF001

    def produce_request(*about: Any) -> Any:
        request = ask(*about)
        return ProduceRequest(
            transactional_id=request.transactional_id,
            acks=request.acks,
            timeout_ms=request.timeout_ms,
            topic_data=request.topic_data,
            min_version=12,
            max_version=12,
        )

    producer._sender._produce_request = produce_request  # noqa: SLF001


class _Version2(TransactionManager):  # type: ignore[misc]  # kafka-python has no types
    def _supports_epoch_bump(self) -> bool:
        # A producer that was shut out would else get itself a new epoch, and shut out its successor.
        return False

    def maybe_add_partition_to_transaction(self, topic_partition: Any) -> None:
        with self._lock:
            self._fail_if_not_ready_for_send()
            self._partitions_in_transaction.add(topic_partition)
            self._transaction_started = True

    def _begin_completing_transaction(self, committed: bool) -> Any:
        handler = _EndTxnVersion5(self, committed)
        self._enqueue_request(handler)
        return handler.result


class _EndTxnVersion5(EndTxnHandler):  # type: ignore[misc]  # kafka-python has no types
    def __init__(self, transactions: _Version2, committed: bool) -> None:
        super().__init__(transactions, committed)
        # Built once: a repetition carries the epoch of the transaction that it ends, whatever the epoch is by then.
        self.request = EndTxnRequest(
            transactional_id=self.transactional_id,
            producer_id=self.producer_id,
            producer_epoch=self.producer_epoch,
            committed=committed,
            min_version=5,
            max_version=5,
        )

    def handle_response(self, response: Any) -> None:
        if for_code(response.error_code) is NoError:
            transactions = self.transaction_manager
            # After 32,766 epochs this is another producer ID, which begins at epoch 0.
            transactions.set_producer_id_and_epoch(ProducerIdAndEpoch(response.producer_id, response.producer_epoch))
            # An epoch counts its records from 0, in each partition.
            transactions._sequence_numbers.clear()  # noqa: SLF001 - as the library does where it raises an epoch
            transactions._last_acked_offset.clear()  # noqa: SLF001
        super().handle_response(response)
