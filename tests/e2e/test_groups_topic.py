"""The operator has the groups topic made anew, with and without a service that relays."""

import json
from collections.abc import Sequence

from tests.e2e.conftest import NewService
from tests.e2e.kafka.consumer import read_all
from tests.e2e.service import Service, eventually


def published(service: Service, kafka: str, prefix: str) -> dict[str, str | None]:
    """Give the newest record of each key."""
    return {
        message.key: message.value.decode() if message.value is not None else None
        for message in read_all(kafka, f"{prefix}.groups.v1")
    }


def grow(service: Service, names: Sequence[str]) -> None:
    with service.client() as client:
        for name in names:
            command = {"command": "CreateGroup", "groupName": name, "conversationIDs": ["C2Cbob"]}
            client.post("/v1/users/alice/commands", json=command).raise_for_status()


def wait_for(service: Service, kafka: str, prefix: str, groups: int) -> dict[str, str | None]:
    found: dict[str, str | None] = {}

    def all_there() -> bool:
        found.update(published(service, kafka, prefix))
        return len(found) == groups + 1

    eventually(all_there, f"{groups} groups are published")
    return found


def rebuild(service: Service, position: int) -> None:
    ended = service.run("rebuild", "groups-topic", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"views": [{"view": "groups-topic", "position": f"{position:020}"}]}


def test_it_is_made_anew_while_no_service_runs_and_a_running_one_is_named(
    new_service: NewService, kafka: str, kafka_prefix: str
) -> None:
    service = new_service(kafka, kafka_prefix)
    service.start()
    grow(service, ["One", "Two"])
    before = wait_for(service, kafka, kafka_prefix, groups=2)
    assert service.run("rebuild", "groups-topic").returncode == 3
    service.stop()
    rebuild(service, position=4)
    assert published(service, kafka, kafka_prefix) == before
    service.start()
    grow(service, ["Three"])
    after = wait_for(service, kafka, kafka_prefix, groups=3)
    order, *others = before
    assert after[order] != before[order]
    assert [after[key] for key in others] == [before[key] for key in others]


def test_beside_a_service_on_postgres_it_is_the_service_that_makes_it_anew(
    new_service: NewService, kafka: str, kafka_prefix: str, postgres_url: str
) -> None:
    service = new_service(kafka, kafka_prefix, database=postgres_url)
    service.start()
    grow(service, ["One", "Two"])
    before = wait_for(service, kafka, kafka_prefix, groups=2)
    rebuild(service, position=4)
    assert published(service, kafka, kafka_prefix) == before
    grow(service, ["Three"])
    wait_for(service, kafka, kafka_prefix, groups=3)


def test_without_kafka_it_says_which_setting_is_missing(new_service: NewService) -> None:
    service = new_service()
    service.start()
    service.stop()
    ended = service.run("rebuild", "groups-topic")
    assert ended.returncode == 2
    assert "CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS" in ended.stderr
