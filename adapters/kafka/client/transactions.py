"""How the relay's transactions stand in Kafka's own books, and the writing of a marker that is missing there."""

from collections.abc import Callable, Collection, Sequence
from time import monotonic, sleep
from typing import Any, NamedTuple

from kafka import TopicPartition, errors
from kafka.admin import TransactionState
from kafka.protocol.producer.transaction import WriteTxnMarkersRequest

from adapters.kafka.client.cluster import Cluster
from adapters.kafka.client.connect import PATIENCE, in_our_words
from adapters.kafka.client.protocol import TRANSACTION_VERSION
from adapters.kafka.settings import KafkaSettings

_BEING_ENDED = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT, TransactionState.PREPARE_EPOCH_FENCE)
_ENDED = {
    TransactionState.COMPLETE_COMMIT: True,
    TransactionState.COMPLETE_ABORT: False,
    TransactionState.EMPTY: False,  # a producer has taken over, and what it found open was aborted
}
"""Whether it was a commit."""


class LastTransaction(NamedTuple):
    """The last transaction of a transactional ID, as its coordinator decided it."""

    producer_id: int
    epoch: int
    """That of the transaction to come; one that is open under an earlier epoch hangs."""

    committed: bool


class Hanging(NamedTuple):
    """A transaction without its end in one partition: nobody who reads what is committed reads past it."""

    place: TopicPartition
    producer_id: int
    epoch: int
    coordinator_epoch: int


def last_ended(cluster: Cluster, settings: KafkaSettings) -> LastTransaction | None:
    """Give the relay's last transaction; None where there was none, or where it is not decided yet."""

    def ask() -> Any:
        try:
            found = cluster.admin.describe_transactions([settings.relay_id])[settings.relay_id]
        except errors.NotCoordinatorError:
            cluster.forget_coordinators()
            raise
        if found.state in _BEING_ENDED:
            raise errors.ConcurrentTransactionsError(found.state.value)
        return found

    with in_our_words(settings, "asking how its last transaction ended"):
        try:
            found = _patiently(ask)
        except errors.TransactionalIdNotFoundError:
            return None
    committed = _ENDED.get(found.state)
    return None if committed is None else LastTransaction(found.producer_id, found.producer_epoch, committed)


def find_hanging(
    cluster: Cluster, settings: KafkaSettings, places: Collection[tuple[str, int]], last: LastTransaction
) -> Sequence[Hanging]:
    """Find those of these partitions in which a transaction of the relay is open that was decided by now."""
    asked = [TopicPartition(*place) for place in places]
    with in_our_words(settings, "asking who writes to its topics"):
        found = _patiently(lambda: cluster.admin.describe_producers(asked))
    return [
        Hanging(place, producer.producer_id, producer.producer_epoch, producer.coordinator_epoch)
        for place, producers in found.items()
        for producer in producers.active_producers
        if producer.producer_id == last.producer_id
        and producer.producer_epoch < last.epoch
        and producer.current_transaction_start_offset >= 0
    ]


def _patiently(ask: Callable[[], Any]) -> Any:
    """Ask until Kafka is so far: a coordinator must be there, a leader chosen, a transaction ended."""
    deadline, pause = monotonic() + PATIENCE, 0.001
    while True:
        try:
            return ask()
        except (errors.BrokerResponseError, errors.UnknownBrokerIdError) as error:
            leaderless = isinstance(error, errors.UnknownBrokerIdError)  # node -1 was asked
            if not (error.retriable or leaderless) or monotonic() > deadline:
                raise
        sleep(pause)
        pause = min(2 * pause, 0.01)


def write_marker(cluster: Cluster, settings: KafkaSettings, hanging: Hanging, *, committed: bool) -> None:
    """End a transaction in one partition, as its coordinator would have done."""
    marker = WriteTxnMarkersRequest.WritableTxnMarker
    topic, partition = hanging.place
    request = WriteTxnMarkersRequest(
        markers=[
            marker(
                producer_id=hanging.producer_id,
                producer_epoch=hanging.epoch + 1,
                transaction_result=committed,
                topics=[marker.WritableTxnMarkerTopic(name=topic, partition_indexes=[partition])],
                coordinator_epoch=max(hanging.coordinator_epoch, 0),  # -1 before its first marker
                # With it a broker refuses where another relay has written meanwhile; those before Kafka 4.2 do not.
                transaction_version=TRANSACTION_VERSION,
            )
        ]
    )

    def write() -> None:
        answer = cluster.ask_leader(hanging.place, request)
        error = errors.for_code(answer.markers[0].topics[0].partitions[0].error_code)
        if error is not errors.NoError:
            raise error

    with in_our_words(settings, f"ending a transaction that hangs in {topic}"):
        _patiently(write)
