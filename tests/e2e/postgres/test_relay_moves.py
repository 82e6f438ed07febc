"""Two services on one database relay to one Kafka: one works, and the other takes over when it is gone."""

from time import monotonic

import pytest

from tests.e2e.checks import assert_commands_are_recorded_once, assert_topic_is_the_log
from tests.e2e.conftest import NewService
from tests.e2e.consumer import events, read_changes
from tests.e2e.load import Clients
from tests.e2e.postgres.database import owned_by
from tests.e2e.postgres.test_taking_over import IN_TIME
from tests.e2e.recorded import read_log
from tests.e2e.service import Service, eventually


@pytest.fixture
def pair(new_service: NewService, postgres_url: str, kafka: str, kafka_prefix: str) -> tuple[Service, Service]:
    """Give the service that relays, and the one that stands by."""
    first, second = (new_service(kafka, kafka_prefix, database=postgres_url) for _ in range(2))
    first.start()
    eventually(lambda: owned_by(first, "relay"), "the first relays")
    second.start()
    return first, second


def test_after_kill_9_of_the_one_that_relays_the_other_goes_on_in_time(
    pair: tuple[Service, Service], kafka: str, kafka_prefix: str
) -> None:
    first, second = pair
    topic = f"{kafka_prefix}.events.v1"
    with Clients(second, "the relay moves", threads=2) as clients:
        clients.wait_for(answers=100)
        assert second.readiness()[1]["relay"]["detail"] == "stands by: another process follows"
        first.kill()
        begin = monotonic()
        eventually(lambda: owned_by(second, "relay"), "the second relays")
        assert monotonic() - begin < IN_TIME
        clients.wait_for(answers=100)
    log = read_log(second.database)
    assert_commands_are_recorded_once(clients.sent, log)
    assert_topic_is_the_log(read_changes(kafka, topic, events(len(log))), log)
