"""`docker compose -f infra/compose.yaml up` is all there is to a service with PostgreSQL and Kafka."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.kafka.kafka import LOOPBACK, free_port
from tests.e2e.kafka.consumer import read_all
from tests.e2e.service import eventually

ROOT = Path(__file__).parents[3]

EVENTS = "conversation-groups.events.v1"


class Composed:
    """What the file makes, under a name and on ports of the test's own."""

    def __init__(self) -> None:
        self.project = f"convgroups-{uuid4().hex[:8]}"
        self.port, self.kafka_port = free_port(), free_port()
        self.kafka = f"{LOOPBACK}:{self.kafka_port}"
        ports = {"PORT": str(self.port), "KAFKA_PORT": str(self.kafka_port), "IMAGE": self.project}
        self._environment = os.environ | ports

    def __call__(self, *words: str) -> str:
        command = ["docker", "compose", "--file", "infra/compose.yaml", "--project-name", self.project, *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def service(self, *words: str) -> str:
        """Run a command in the container of the service."""
        return self("exec", "-T", "service", *words)

    def state(self, name: str) -> dict[str, Any]:
        lines = self("ps", "--all", "--format", "json", name).splitlines()
        found: dict[str, Any] = json.loads(lines[0])
        return found

    def wait_until_healthy(self) -> None:
        eventually(lambda: self.state("service")["Health"] == "healthy", "the service is healthy", seconds=120)

    def client(self) -> httpx.Client:
        """Give a client that signs as alice."""
        signature = self.service("convgroups", "token", "alice").strip().splitlines()[-1]
        headers = {"Authorization": f'UserSig usersig="{signature}"'}
        return httpx.Client(base_url=f"http://{LOOPBACK}:{self.port}", headers=headers, timeout=30)


@pytest.fixture(scope="module")
def composed(engine: None) -> Iterator[Composed]:
    made = Composed()
    try:
        made("up", "--detach", "--build", "--quiet-pull")
        made.wait_until_healthy()
        yield made
    finally:
        made("down", "--volumes", "--timeout", "5", "--rmi", "local")
        subprocess.run(["docker", "image", "rm", "--force", made.project], capture_output=True, check=False)


def create(client: httpx.Client, name: str) -> Any:
    command = {"command": "CreateGroup", "groupName": name, "conversationIDs": ["C2Cbob"]}
    answer = client.post("/v1/users/alice/commands", json=command)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(client: httpx.Client) -> list[str]:
    return [group["groupName"] for group in client.get("/v1/users/alice/groups").json()["groups"]]


def published(composed: Composed) -> list[tuple[str, int]]:
    events = [json.loads(message.value) for message in read_all(composed.kafka, EVENTS)]
    return sorted((event["userID"], event["revision"]) for event in events)


def test_it_comes_up_does_its_job_and_keeps_everything_over_a_restart(composed: Composed) -> None:
    with composed.client() as client:
        create(client, "供应商")
        assert names(client) == ["供应商"]
        assert client.get("/v1/users/bob/groups").status_code == 403
        assert httpx.get(f"{client.base_url}/v1/users/alice/groups").status_code == 401
        eventually(lambda: published(composed) == [("alice", 1), ("alice", 2)], "consumers outside see the events")

        composed("stop", "service")
        assert composed.state("service")["ExitCode"] == 0
        composed("start", "service")
        composed.wait_until_healthy()
        assert names(client) == ["供应商"]
        create(client, "Suppliers")
    eventually(lambda: published(composed) == [("alice", n) for n in range(1, 5)], "each event is there once")


def test_the_service_is_nobody_and_writes_nowhere(composed: Composed) -> None:
    assert composed.service("id", "--user").strip() == "10001"
    with pytest.raises(AssertionError, match="Read-only file system"):
        composed.service("touch", "/opt/convgroups/x")


def test_the_doctor_finds_all_well_in_the_container(composed: Composed) -> None:
    findings = json.loads(composed.service("convgroups", "doctor", "--json"))["findings"]
    assert [finding for finding in findings if finding["state"] == "bad"] == []
    found = {finding["what"]: finding["found"] for finding in findings}
    assert found["kafka"].startswith("answers")
    assert found["database"].startswith("log ")
    assert found["follower relay"].startswith("run by ")


def test_alone_the_image_says_what_it_needs(composed: Composed) -> None:
    command = ["docker", "run", "--rm", "--network=none", composed.project]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "CONVGROUPS_APPS_FILE" in done.stderr
