"""A request that the network held back arrives in the middle of the next transaction, long after it was repeated."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.kafka.client import producer
from adapters.kafka.relay import Relay
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable
from infra.kafka.kafka import LOOPBACK, LocalKafka, free_port
from projections.follower import Follower
from tests.e2e.kafka.conftest import NewRelay
from tests.e2e.kafka.consumer import assert_every_event_is_there_once, positions, up_to
from tests.e2e.kafka.log import MemoryLog
from tests.e2e.kafka.proxy import END_TXN, PRODUCE, Proxy, Request

INVALID_PRODUCER_EPOCH, CONCURRENT_TRANSACTIONS, PRODUCER_FENCED = 47, 51, 90
LATE = (INVALID_PRODUCER_EPOCH, PRODUCER_FENCED)


class ProxiedKafka(LocalKafka):
    """A broker that sends its clients to a proxy, and reaches itself without it."""

    def __init__(self, data: Path) -> None:
        super().__init__(data=data, fast_start=True)
        self.proxy_port = free_port()
        self.inside = f"INSIDE://{LOOPBACK}:{free_port()}"

    def _write_settings(self) -> Path:
        path = super()._write_settings()
        settings = dict(line.split("=", 1) for line in path.read_text().splitlines())
        settings["listeners"] += f",{self.inside}"
        settings["advertised.listeners"] = f"PLAINTEXT://{LOOPBACK}:{self.proxy_port},{self.inside}"
        settings["listener.security.protocol.map"] += ",INSIDE:PLAINTEXT"
        settings["inter.broker.listener.name"] = "INSIDE"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return path


@pytest.fixture(scope="module")
def proxied_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedKafka]:
    with ProxiedKafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def proxy(proxied_kafka: ProxiedKafka) -> Iterator[Proxy]:
    proxy = Proxy(proxied_kafka.proxy_port, (LOOPBACK, proxied_kafka.port))
    yield proxy
    proxy.close()


@pytest.fixture
def settings(proxied_kafka: ProxiedKafka, proxy: Proxy, kafka_prefix: str) -> KafkaSettings:
    return KafkaSettings(f"{LOOPBACK}:{proxied_kafka.proxy_port}", kafka_prefix, partitions=1)


class Late:
    """Keeps one request of a relay back, and delivers it when half of a later transaction is written."""

    def __init__(self, relay: Relay, proxy: Proxy, settings: KafkaSettings, log: MemoryLog) -> None:
        self._relay, self._proxy, self._settings, self._log = relay, proxy, settings, log
        self._published = 0
        self.answer = b""

    def keep(self, api: int) -> Request:
        """Publish ten events; whatever is kept back meanwhile, the client repeats."""
        self._log.grow(2000)
        assert self._relay.checkpoint() == 0
        self._relay.apply(self._log.read(0, 5))
        self._proxy.keep_next(api)
        self._relay.apply(self._log.read(5, 5))
        (kept,) = self._proxy.kept
        return kept

    def deliver(self, kept: Request) -> None:
        """Publish the rest in one transaction, and deliver the request when the first batch of it is written."""

        def now() -> None:
            for _ in range(100):
                self.answer = self._proxy.deliver(kept)
                if struct.pack(">h", CONCURRENT_TRANSACTIONS) not in self.answer:
                    break  # else one more partition is just being added

        # One partition, and a request holds one batch of it: these are far more events than fit into one.
        self._proxy.before(PRODUCE, 2, now)
        self._relay.apply(self._log.read(10, 10_000))


def test_a_late_end_of_a_transaction_is_refused_and_tears_nothing(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, proxy: Proxy
) -> None:
    late = Late(new_relay(), proxy, settings, log)
    late.deliver(late.keep(END_TXN))
    assert struct.unpack_from(">h", late.answer, 9) == (PRODUCER_FENCED,)  # behind correlation ID, tags and throttling
    assert positions(settings.bootstrap_servers, settings.topic_prefix) == up_to(log.head())


def test_a_late_batch_is_refused_and_joins_no_transaction(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, proxy: Proxy
) -> None:
    """A batch is also what makes a partition join: there is no request for that alone, which could be late."""
    late = Late(new_relay(), proxy, settings, log)
    late.deliver(late.keep(PRODUCE))
    assert struct.pack(">h", INVALID_PRODUCER_EPOCH) in late.answer
    assert positions(settings.bootstrap_servers, settings.topic_prefix) == up_to(log.head())


def test_without_the_newer_protocol_a_late_end_does_tear_a_transaction(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with kafka-python as it is, events come twice or never. Where this fails, `protocol` may go."""
    monkeypatch.setattr(producer, "speak_version_2", lambda _: None)
    relay = new_relay()
    late = Late(relay, proxy, settings, log)
    kept = late.keep(END_TXN)
    with pytest.raises(Unavailable):
        late.deliver(kept)
    Follower("kafka", log, relay).catch_up()
    assert positions(settings.bootstrap_servers, settings.topic_prefix) != up_to(log.head())


def test_a_relay_that_was_replaced_while_it_wrote_does_not_shut_out_its_successor(
    new_relay: NewRelay,
    settings: KafkaSettings,
    log: MemoryLog,
    proxy: Proxy,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log.grow(2000)
    former, latter = new_relay(), new_relay()
    former.checkpoint()
    taken_over: list[int] = []
    proxy.before(PRODUCE, 2, lambda: taken_over.append(latter.checkpoint()))
    with pytest.raises(Unavailable):
        former.apply(log.read(0, 10_000))
    assert taken_over == [0]
    assert "Bumping producer epoch" not in caplog.text  # by which kafka-python would take over in turn

    latter.apply(log.read(0, 10_000))
    assert positions(settings.bootstrap_servers, settings.topic_prefix) == up_to(log.head())


@pytest.mark.parametrize("requests", [10, pytest.param(1_000, marks=pytest.mark.proof)])
def test_late_and_doubled_requests_one_after_the_other_change_nothing(
    new_relay: NewRelay,
    settings: KafkaSettings,
    log: MemoryLog,
    proxy: Proxy,
    requests: int,
    record_property: Callable[[str, object], None],
) -> None:
    """Ends of transactions and batches that come late and twice, amid later ones, tear nothing and double nothing."""
    relay = new_relay()
    position, refused = relay.checkpoint(), 0
    for number in range(requests):
        log.grow(position + 10 - log.head(), users=3)
        proxy.keep_next([END_TXN, PRODUCE][number % 2])
        relay.apply(log.read(position, 5))
        kept = proxy.kept.pop()
        answers: list[bytes] = []

        def deliver_twice(kept: Request = kept, answers: list[bytes] = answers) -> None:
            answers.extend(proxy.deliver(kept) for _ in range(2))

        proxy.before(END_TXN, 1, deliver_twice)
        relay.apply(log.read(position + 5, 5))
        position += 10
        assert len(answers) == 2
        refused += sum(any(struct.pack(">h", error) in answer for error in LATE) for answer in answers)
    assert refused == 2 * requests
    assert_every_event_is_there_once(settings.bootstrap_servers, settings.events_topic, position)
    assert relay.checkpoint() == position
    record_property("late requests", refused)
