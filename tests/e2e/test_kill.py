"""`kill -9` of the service in the middle of commands: what was acknowledged is there once, everywhere."""

import time
from collections.abc import Callable
from random import Random

import pytest

from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold, assert_topic_is_the_log
from tests.e2e.conftest import NewService
from tests.e2e.consumer import events, read_changes
from tests.e2e.load import Clients
from tests.e2e.recorded import read_log

SEED = 51009


@pytest.mark.parametrize("kills", [20, pytest.param(50, marks=pytest.mark.proof)])
def test_kill_9_loses_and_doubles_nothing(
    kafka: str, kafka_prefix: str, new_service: NewService, kills: int, record_property: Callable[[str, object], None]
) -> None:
    """Killed in the middle of commands, the service loses and doubles nothing: in the log, the reads and the topic."""
    service = new_service(kafka, kafka_prefix)
    topic = f"{kafka_prefix}.events.v1"
    random = Random(SEED)
    service.start()
    with Clients(service, SEED) as clients:
        for _ in range(kills):
            clients.wait_for(answers=int(300 ** random.random()))  # soon after its start, or at full work
            time.sleep(random.uniform(0, 0.01))  # nobody waits for anything here: any moment will do
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

    lost = [command for command in clients.sent if command.status is None]
    recorded = {one.event["correlationID"] for one in log}
    record_property("seed", SEED)
    record_property("kills", kills)
    record_property("commands answered", len(clients.sent) - len(lost))
    record_property("of those sent again", sum(one.tries > 1 for one in clients.sent if one.status))
    record_property("and found done already", sum(one.repeated for one in clients.sent))
    record_property("given up without an answer", len(lost))
    record_property("and recorded all the same", sum(command.key in recorded for command in lost))
    record_property("events", len(log))
    everything = read_changes(kafka, topic, events(len(log)), isolation_level="read_uncommitted")
    record_property("records of torn transactions, unseen", len(everything) - len(log))
