"""Kafka goes away, and the service is asked to end: commands and reads go on, and what was acknowledged is kept."""

import json
from collections.abc import Callable
from time import monotonic

import pytest

from infra.kafka.kafka import LocalKafka
from tests.e2e.checks import assert_commands_are_recorded_once, assert_reads_are_the_fold, assert_topic_is_the_log
from tests.e2e.conftest import NewService
from tests.e2e.consumer import events, read_changes
from tests.e2e.load import Clients
from tests.e2e.recorded import read_log
from tests.e2e.service import Service, eventually
from tests.e2e.user import User

GOODBYE = 8.0
"""Seconds in which the service ends: 5 for a batch in hand, and some for a busy machine."""

RecordProperty = Callable[[str, object], None]


def wait_until_readyz_says_that_the_relay_waits(service: Service, broker: LocalKafka) -> None:
    """It stays ready all the while."""

    def waits() -> bool:
        status, checks = service.readiness()
        assert status == 200, checks
        assert checks["relay"]["ok"] is True
        return "waits: Kafka" in checks["relay"]["detail"] and broker.bootstrap in checks["relay"]["detail"]

    eventually(waits, f"/readyz says that the relay waits for Kafka at {broker.bootstrap}")


def relay_lag(service: Service) -> dict[str, float]:
    """Give how far the relay is behind, in events and in seconds, as the metrics have it."""
    with service.client() as client:
        lines = client.get("/metrics").text.splitlines()
    wanted = 'follower="relay"'
    return {
        line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines if "_lag_" in line and wanted in line
    }


def assert_doctor_misses_kafka(service: Service, broker: LocalKafka) -> None:
    doctor = service.run("doctor", "--json")
    assert doctor.returncode == 3, doctor.stderr
    findings = {finding["what"]: finding for finding in json.loads(doctor.stdout)["findings"]}
    assert findings["kafka"]["state"] == "bad"
    assert broker.bootstrap in findings["kafka"]["found"]
    assert "goes on by itself" in findings["kafka"]["advice"]


def assert_nothing_is_lost_or_doubled(service: Service, kafka: str, prefix: str, clients: Clients) -> int:
    """The relay gets there without help; then answers, log, reads and topic agree. Tell how many events there are."""
    log, topic = read_log(service.database), f"{prefix}.events.v1"
    assert_commands_are_recorded_once(clients.sent, log)
    with service.client() as client:
        assert_reads_are_the_fold(client, clients.users, log)
    read_changes(kafka, topic, events(len(log)))
    assert service.run("doctor").returncode == 0
    service.stop()
    assert_topic_is_the_log(read_changes(kafka, topic, events(len(log))), log)
    return len(log)


def test_a_service_that_starts_without_kafka_works_and_publishes_when_kafka_comes(
    own_kafka: LocalKafka, kafka_prefix: str, new_service: NewService
) -> None:
    own_kafka.kill()
    service = new_service(own_kafka.bootstrap, kafka_prefix)
    service.start()
    with Clients(service, "without Kafka", threads=2) as clients:
        wait_until_readyz_says_that_the_relay_waits(service, own_kafka)
        assert service.stop() < GOODBYE
        service.start()
        clients.wait_for(answers=100)
        own_kafka.start()
        clients.wait_for(answers=100)
    assert_nothing_is_lost_or_doubled(service, own_kafka.bootstrap, kafka_prefix, clients)


@pytest.mark.parametrize("outages", [1, pytest.param(5, marks=pytest.mark.proof)])
def test_kafka_is_killed_under_load(
    own_kafka: LocalKafka, kafka_prefix: str, new_service: NewService, outages: int, record_property: RecordProperty
) -> None:
    """While Kafka is killed with SIGKILL and comes back, the service goes on, and every event is published once."""
    service = new_service(own_kafka.bootstrap, kafka_prefix)
    service.start()
    with Clients(service, "Kafka is killed", threads=2) as clients:
        read_changes(own_kafka.bootstrap, f"{kafka_prefix}.events.v1", events(50))
        for outage in range(outages):
            own_kafka.kill()
            clients.wait_for(answers=200)
            if outage == 0:
                wait_until_readyz_says_that_the_relay_waits(service, own_kafka)
                assert_doctor_misses_kafka(service, own_kafka)
            own_kafka.start()
            clients.wait_for(answers=200)
    count = assert_nothing_is_lost_or_doubled(service, own_kafka.bootstrap, kafka_prefix, clients)
    assert all(command.status is not None for command in clients.sent)
    record_property("outages of Kafka", outages)
    record_property("commands answered", len(clients.sent))
    record_property("events", count)


@pytest.mark.proof
def test_kafka_is_away_for_a_minute_under_load(
    own_kafka: LocalKafka, kafka_prefix: str, new_service: NewService, record_property: RecordProperty
) -> None:
    """While Kafka is away for a minute the service goes on, and all that was recorded meanwhile is published then."""
    service = new_service(own_kafka.bootstrap, kafka_prefix)
    service.start()
    with Clients(service, "away for a minute", threads=2) as clients:
        read_changes(own_kafka.bootstrap, f"{kafka_prefix}.events.v1", events(50))
        eventually(lambda: relay_lag(service) != {}, "the relay knows where it stands")
        own_kafka.kill()
        gone = monotonic()
        while monotonic() < gone + 60:
            clients.wait_for(answers=100)
        behind = relay_lag(service)["convgroups_follower_lag_events"]
        own_kafka.start()
        back = monotonic()
        eventually(lambda: relay_lag(service)["convgroups_follower_lag_events"] < 100, "it has caught up")
        record_property("events behind", behind)
        record_property("seconds until caught up", monotonic() - back)
    assert_nothing_is_lost_or_doubled(service, own_kafka.bootstrap, kafka_prefix, clients)


def test_asked_to_end_under_load_the_service_keeps_every_acknowledged_command(
    kafka: str, kafka_prefix: str, new_service: NewService
) -> None:
    service = new_service(kafka, kafka_prefix)
    service.start()
    with Clients(service, "asked to end") as clients:
        for _ in range(2):
            clients.wait_for(answers=100)
            assert service.stop() < GOODBYE
            assert_commands_are_recorded_once(list(clients.sent), read_log(service.database))
            service.start()
    assert_nothing_is_lost_or_doubled(service, kafka, kafka_prefix, clients)


def test_the_lag_of_the_relay_is_seen_in_events_and_in_seconds(
    own_kafka: LocalKafka, kafka_prefix: str, new_service: NewService
) -> None:
    service = new_service(own_kafka.bootstrap, kafka_prefix)
    service.start()
    events_behind, seconds_behind = "convgroups_follower_lag_events", "convgroups_follower_lag_seconds"
    with service.client() as client:
        alice = User(client, "alice")
        alice.done("CreateGroup", groupName="One")
        eventually(lambda: relay_lag(service) == {events_behind: 0, seconds_behind: 0}, "it is published")
        own_kafka.kill()
        for number in range(10):
            alice.done("RenameGroup", groupName="One" if number == 0 else f"{number - 1}", newName=f"{number}")
    eventually(lambda: relay_lag(service).get(seconds_behind, 0) > 1, "the lag grows")
    assert relay_lag(service)[events_behind] == 10
    assert "10 events, " in service.readiness()[1]["relay"]["detail"]
    own_kafka.start()
    eventually(lambda: relay_lag(service) == {events_behind: 0, seconds_behind: 0}, "it has caught up")
