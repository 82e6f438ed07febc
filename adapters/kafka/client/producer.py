"""Writing in transactions."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import Any, Final

from kafka import KafkaProducer, errors

from adapters.kafka.client.batches import enqueue, send_whole_batches
from adapters.kafka.client.connect import PATIENCE, connect, in_our_words, knock
from adapters.kafka.client.protocol import speak_version_2
from adapters.kafka.client.wire import Record
from adapters.kafka.settings import KafkaSettings

BATCH_BYTES: Final = 262_144
"""As much as is packed and sent at once at most."""


class Producer:
    """The one producer of its transactional ID: it ends what its predecessor left open, and shuts it out for good."""

    def __init__(
        self,
        settings: KafkaSettings,
        transactional_id: str | None = None,
        *,
        batch_bytes: int = BATCH_BYTES,
        seconds: float = PATIENCE,
    ) -> None:
        """Take the relay's ID where no other is given.

        `batch_bytes` is what Kafka takes at once, and `seconds` the longest time of a transaction.
        """
        self._settings = settings
        self._kafka = connect(
            settings,
            KafkaProducer,
            transactional_id=transactional_id or settings.relay_id,
            enable_idempotence=True,
            transaction_timeout_ms=int(1000 * seconds),
            max_block_ms=int(1000 * PATIENCE),
            delivery_timeout_ms=int(3000 * PATIENCE),  # out of reach: `publish` decides when to give up
            retry_backoff_ms=5,  # with the default, one in five transactions in a row waits for 100 ms
            batch_size=min(batch_bytes, BATCH_BYTES),
            max_request_size=8_388_608,  # how large a record may be is left to the broker, by default 1 MiB
            linger_ms=0,  # the batches are whole
            compression_type="gzip",  # an eighth on the wire and on disk, for ever; every client can read it
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        speak_version_2(self._kafka)
        send_whole_batches(self._kafka)
        try:
            with in_our_words(settings, "taking over from the former relay"):
                self._kafka.init_transactions()
        except BaseException:
            self.close()
            raise

    def publish(self, records: Sequence[Record], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Make all these records visible at once, and those of one partition in this order.

        `meanwhile` is called while they are on their way: what it raises leaves them invisible. After `Unavailable`
        nobody knows whether they are visible. Raises `RecordTooLarge`.
        """
        self.publish_all([records], meanwhile)

    def publish_all(self, parts: Iterable[Sequence[Record]], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Do the same with as many as fit into the time of one transaction, a part at a time."""
        with in_our_words(self._settings, "publishing"):
            try:
                self._kafka.begin_transaction()
                for part in parts:
                    self._write(part, meanwhile)
                self._commit()
            except errors.KafkaError as error:
                # What went wrong first, in the producer's thread, is the reason; a call may raise but its echo.
                reason = self._kafka._transaction_manager.last_error  # noqa: SLF001
                raise reason or error from None

    def _write(self, records: Sequence[Record], meanwhile: Callable[[], None]) -> None:
        deadline = monotonic() + PATIENCE
        on_their_way = enqueue(self._kafka, records)
        meanwhile()
        for sent in on_their_way:
            self._wait(partial(_written, sent), deadline)

    def _commit(self) -> None:
        # What `commit_transaction` does, whose waiting has no end.
        ended = self._kafka._transaction_manager.begin_commit()  # noqa: SLF001
        self._kafka._sender.wakeup()  # noqa: SLF001
        self._wait(lambda seconds: ended.wait(1000 * seconds), monotonic() + PATIENCE)

    def _wait(self, done: Callable[[float], bool], deadline: float) -> None:
        while not done(1.0):
            knock(self._settings)  # where nobody is at home any more, there is nothing to wait for
            if monotonic() > deadline:
                raise errors.KafkaTimeoutError(f"the transaction was not over in {PATIENCE:.0f} s")

    def close(self) -> None:
        """Let go at once: what is not committed by now is aborted by the next producer, or when its time is over."""
        sender = self._kafka._sender  # noqa: SLF001 - the public way waits first for all that is not written yet
        sender.force_close()
        sender.join(PATIENCE)
        self._kafka._accumulator.abort_incomplete_batches()  # noqa: SLF001
        self._kafka.close(timeout=0)


def _written(sent: Any, seconds: float) -> bool:
    try:
        sent.get(seconds)
    except errors.KafkaTimeoutError:
        if sent.is_done:
            raise
        return False
    return True
