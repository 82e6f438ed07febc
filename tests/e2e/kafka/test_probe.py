"""What `doctor` sees of Kafka."""

from dataclasses import replace
from socket import create_server

import pytest

from adapters.kafka.probe import Probed, probe
from adapters.kafka.settings import KafkaSettings
from domain.ports import Unavailable
from infra.kafka.kafka import LOOPBACK, free_port
from tests.e2e.kafka.conftest import NewRelay, kafka_threads
from tests.e2e.kafka.log import MemoryLog


def test_looking_shows_how_far_the_relay_is_and_leaves_it_alone(
    new_relay: NewRelay, settings: KafkaSettings, log: MemoryLog
) -> None:
    found = probe(settings)
    assert found.version.startswith("4.")
    assert found == Probed(found.version, transaction_version=2, partitions=None, position=None, groups_topic_id=None)
    assert not found.has_groups

    log.grow(40)
    relay = new_relay()
    relay.checkpoint()
    assert (probe(settings).partitions, probe(settings).position, probe(settings).has_groups) == (4, None, False)

    relay.apply(log.read(0, 30))
    assert probe(settings).has_groups
    position = probe(settings).position
    assert position is not None
    assert (position.reached.log_id, int(position.reached.position)) == (log.log_id(), 30)
    relay.apply(log.read(30, 100))
    relay.relay_from(30)
    assert not probe(settings).has_groups


def test_where_nobody_answers_it_says_so(settings: KafkaSettings) -> None:
    nobody = f"{LOOPBACK}:{free_port()}"
    with pytest.raises(Unavailable, match=nobody):
        probe(replace(settings, bootstrap_servers=nobody))


def test_where_something_else_listens_it_says_so_and_leaves_no_thread(settings: KafkaSettings) -> None:
    with create_server((LOOPBACK, 0)) as mute:
        servers = f"{LOOPBACK}:{mute.getsockname()[1]}"
        with pytest.raises(Unavailable, match=servers):
            probe(replace(settings, bootstrap_servers=servers))
    assert kafka_threads() == []
