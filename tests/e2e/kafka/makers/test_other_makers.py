"""Consumers of other makers come to what the service answers, whatever fails meanwhile."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.contract.published import write
from infra.kafka.kafka import LocalKafka
from tests.e2e.conftest import NewService
from tests.e2e.fold import read
from tests.e2e.load import Clients
from tests.e2e.recorded import read_log
from tests.e2e.user import User
from tests.services.provision import missing

HERE = Path(__file__).parent
APP = 1400000000

Makers = dict[str, "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Give the command that runs the consumer in Java."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            missing("a consumer in Java", f"{program} is missing")
    folder = tmp_path_factory.mktemp("java")
    jars, classes = folder / "jars", folder / "classes"
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    fetched = subprocess.run(
        ["mvn", "--batch-mode", "--quiet", f"--file={HERE / 'pom.xml'}", *goal], capture_output=True, check=False
    )
    if fetched.returncode:
        missing("a consumer in Java", fetched.stdout.decode()[-500:])
    compiler = ["java", "-cp", f"{jars}/*", "org.eclipse.jdt.internal.compiler.batch.Main"]
    options = ["-17", "-encoding", "UTF-8", "-nowarn", "-d", str(classes), str(HERE / "Groups.java")]
    subprocess.run([*compiler, *options], check=True, capture_output=True)
    return ["java", "-Xmx512m", "-cp", f"{jars}/*:{classes}", "Groups"]


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    write(tmp_path / "contract")
    return tmp_path / "contract"


@pytest.fixture
def makers(java: list[str], own_kafka: LocalKafka, kafka_prefix: str, contract: Path) -> Iterator[Callable[[], Makers]]:
    """Give a function that starts both consumers: they read while everything happens."""
    with ExitStack() as stack:

        def start() -> Makers:
            started = {}
            for name, program in {
                "java": java,
                "librdkafka": [sys.executable, str(HERE / "with_librdkafka.py")],
            }.items():
                command = [*program, own_kafka.bootstrap, kafka_prefix, str(contract)]
                started[name] = stack.enter_context(
                    subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                    )
                )
                stack.callback(started[name].kill)
            return started

        yield start


@pytest.mark.parametrize(
    ("events", "faults"), [(1_000, 2), pytest.param(100_000, 12, marks=pytest.mark.proof)], ids=["1000", "100000"]
)
def test_consumers_of_other_makers_come_to_what_the_service_answers(
    own_kafka: LocalKafka,
    kafka_prefix: str,
    new_service: NewService,
    makers: Callable[[], Makers],
    events: int,
    faults: int,
    record_property: Callable[[str, object], None],
) -> None:
    """By the published contract alone, librdkafka and Kafka's client in Java come to what the service answers, though
    service, relay and broker are killed meanwhile.
    """
    service = new_service(own_kafka.bootstrap, kafka_prefix)
    service.start()
    started = makers()
    with Clients(service, "other makers", users=40) as clients:
        for fault in range(faults):
            for _ in range(events // faults // 250):
                clients.wait_for(answers=125)
            clients.wait_for(answers=50)
            if fault % 2:
                own_kafka.kill()
                clients.wait_for(answers=20)
                own_kafka.start()
            else:
                service.kill()
                service.start()
        while len(read_log(service.database)) < events:
            clients.wait_for(answers=200)
    log = read_log(service.database)
    with service.client() as client:
        expected = {f"{APP}:{name}": said(User(client, name)) for name in clients.users}
    for name, maker in started.items():
        told, errors = maker.communicate(f"{len(log)}\n", timeout=120)
        assert maker.returncode == 0, f"{name}: {errors[-3000:]}"
        found = json.loads(told)
        assert found["events"] == expected, name
        assert found["groups"] == expected, name
    record_property("events", len(log))
    record_property("faults", faults)


def said(user: User) -> list[Any]:
    groups = read(user)
    return [groups.revision, [list(group) for group in groups.groups]]
