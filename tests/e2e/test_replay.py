"""`convgroups replay` beside a running service."""

import json

from tests.e2e.conftest import NewService
from tests.e2e.kafka.consumer import read_all
from tests.e2e.test_groups_topic import grow


def test_history_is_published_again_while_the_service_runs(
    new_service: NewService, kafka: str, kafka_prefix: str
) -> None:
    service, topic = new_service(kafka, kafka_prefix), f"replay-of-{kafka_prefix}"
    service.start()
    grow(service, ["One", "供应商"])
    ended = service.run("replay", "--to-topic", topic, "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"topic": topic, "events": 4, "position": f"{4:020}"}
    grow(service, ["Three"])
    ended = service.run("replay", "--to-topic", topic)
    assert ended.returncode == 0
    assert "6/6" in ended.stderr
    assert [json.loads(message.value)["revision"] for message in read_all(kafka, topic)] == [1, 2, 3, 4, 5, 6]

    ended = service.run("replay", "--to-topic", topic, "--user", "alice")
    assert ended.returncode == 1
    assert "holds another selection" in ended.stderr
    assert service.run("replay", "--to-topic", f"{kafka_prefix}.events.v1").returncode == 1
    assert service.run("replay", "--to-topic", topic, "--from-time", "yesterday").returncode == 2
    service.environment["CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS"] = "127.0.0.1:1"
    assert service.run("replay", "--to-topic", topic).returncode == 3
