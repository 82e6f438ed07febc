"""An older backup is put back: the relay refuses to go on, the doctor says how to, and that works."""

import json
import shutil
from pathlib import Path

from tests.e2e.conftest import NewService
from tests.e2e.consumer import events, read_changes
from tests.e2e.service import Service, eventually
from tests.e2e.test_doctor import findings
from tests.e2e.test_groups_topic import grow, published


def put_back(service: Service, copy: Path) -> None:
    database = Path(service.database.removeprefix("sqlite:///"))
    for file in database.parent.glob(f"{database.name}*"):
        if file.suffix != ".copy":
            file.unlink()
    shutil.copy(copy, database)


def test_what_the_doctor_says_of_a_restored_backup_lets_the_relay_go_on(
    new_service: NewService, kafka: str, kafka_prefix: str, tmp_path: Path
) -> None:
    service, topic = new_service(kafka, kafka_prefix), f"{kafka_prefix}.events.v1"
    service.start()
    grow(service, ["One", "Two"])
    read_changes(kafka, topic, events(4))
    service.stop()
    copy = tmp_path / "groups.copy"
    shutil.copy(service.database.removeprefix("sqlite:///"), copy)
    service.start()
    grow(service, ["lost"])
    read_changes(kafka, topic, events(6))
    service.stop()

    put_back(service, copy)
    assert findings(service)["relay"]["state"] == "bad"
    assert "backup and restore" in findings(service)["relay"]["advice"]
    service.start()
    eventually(lambda: service.readiness()[0] == 503, "the relay refuses")
    said = findings(service)["service: relay"]["found"]
    assert "`convgroups new-log-id`" in said
    assert "`convgroups relay-from 4`" in said
    grow(service, ["Three"])
    service.stop()

    assert service.run("new-log-id").returncode == 0
    assert service.run("relay-from", "4").returncode == 0
    service.start()
    changes = read_changes(kafka, topic, events(8))
    told = [(json.loads(change.value)["groupName"], dict(change.headers)["ce_source"]) for change in changes]
    assert [name for name, _ in told] == [name for name in ("One", "Two", "lost", "Three") for _ in range(2)]
    assert len({source for _, source in told}) == 2
    # The groups topic tells of this log alone: what was lost is not there.
    eventually(lambda: len(published(service, kafka, kafka_prefix)) == 4, "the groups are those of this log")
    order = json.loads(published(service, kafka, kafka_prefix)["1400000000:0:alice"] or "")
    assert [group["groupName"] for group in order["groups"]] == ["One", "Two", "Three"]
    assert service.run("doctor").returncode == 0
