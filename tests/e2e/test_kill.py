"""`kill -9` of the service in the middle of commands: what was acknowledged is there once, everywhere."""

from random import Random

import pytest

from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold, assert_topic_is_the_log
from tests.e2e.conftest import NewService
from tests.e2e.consumer import events, read_changes
from tests.e2e.kills import SEED, RecordProperty, give_figures, wait_for_any_moment
from tests.e2e.load import Clients
from tests.e2e.recorded import read_log


@pytest.mark.parametrize("kills", [20, pytest.param(50, marks=pytest.mark.proof)])
def test_kill_9_loses_and_doubles_nothing(
    kafka: str, kafka_prefix: str, new_service: NewService, kills: int, record_property: RecordProperty
) -> None:
    """Killed in the middle of commands, the service loses and doubles nothing: in the log, the reads and the topic."""
    service = new_service(kafka, kafka_prefix)
    topic = f"{kafka_prefix}.events.v1"
    random = Random(SEED)
    service.start()
    with Clients(service, SEED) as clients:
        for _ in range(kills):
            wait_for_any_moment(clients, random)
            service.kill()
            service.start()
        clients.wait_for(answers=100)

    log = read_log(service.database)
    assert_commands_are_recorded_once(clients.sent, log)
    with service.client() as client:
        assert_reads_are_the_fold(client, clients.users, log)
    read_changes(kafka, topic, events(len(log)))
    service.stop()
    assert_topic_is_the_log(read_changes(kafka, topic, events(len(log))), log)
    assert read_log(service.database) == log

    give_figures(record_property, kills, clients, log)
    everything = read_changes(kafka, topic, events(len(log)), isolation_level="read_uncommitted")
    record_property("records of torn transactions, unseen", len(everything) - len(log))
