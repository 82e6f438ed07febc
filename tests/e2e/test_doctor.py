"""What `convgroups doctor` says beside a service that runs."""

import json

from tests.e2e.conftest import NewService
from tests.e2e.service import Service, eventually


def findings(service: Service) -> dict[str, dict[str, str]]:
    return {one["what"]: one for one in json.loads(service.run("doctor", "--json").stdout)["findings"]}


def test_the_doctor_tells_what_the_service_says_whatever_the_settings_of_the_shell(
    new_service: NewService, kafka: str, kafka_prefix: str
) -> None:
    service = new_service(kafka, kafka_prefix)
    service.start()
    for setting in ("CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS", "CONVGROUPS_KAFKA_TOPIC_PREFIX"):
        del service.environment[setting]
    eventually(lambda: findings(service)["service: relay"]["found"].startswith("0 events"), "the relay is seen")
    assert findings(service)["service: group-lists"]["state"] == "ok"


def test_the_doctor_says_that_the_relay_of_the_service_has_stopped(
    new_service: NewService, kafka: str, kafka_prefix: str
) -> None:
    first, second = new_service(kafka, kafka_prefix), new_service(kafka, kafka_prefix)
    for service in (first, second):  # two databases, and one prefix by mistake
        service.start()
        with service.client() as client:
            client.post("/v1/users/alice/commands", json={"command": "CreateGroup", "groupName": "x"})
        if service is first:
            eventually(
                lambda: findings(first)["relay"]["found"].endswith("position 1, 0 events behind"),
                "the first has published",
            )
            first.stop()
    del second.environment["CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS"]
    eventually(lambda: findings(second)["service: relay"]["state"] == "bad", "the relay of the second has stopped")
    assert "relay-from" in findings(second)["service: relay"]["found"]
    assert second.run("doctor").returncode == 3
    assert "Traceback" not in second.said()
