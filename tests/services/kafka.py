"""A real Kafka for the tests: the one of the environment, else a container, else a broker from the published jars."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.kafka.kafka import LOOPBACK, READY, VERSION, LocalKafka, UnavailableError, environment, free_port, jars, java
from tests.services.provision import docker_lacks, missing, note_use

ADDRESS = "CONVGROUPS_TEST_KAFKA"
IMAGE = "CONVGROUPS_TEST_KAFKA_IMAGE"


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the bootstrap address of a broker that all tests share: name your topics after `kafka_prefix`."""
    image = os.environ.get(IMAGE) or f"apache/kafka:{VERSION}"
    if address := os.environ.get(ADDRESS):
        _check_answers(address)
        note_use(pytestconfig, "Kafka", f"the one of {ADDRESS}")
        yield address
    elif not (no_container := docker_lacks(image)):
        note_use(pytestconfig, "Kafka", f"{image}, in Docker")
        with _container(image) as address:
            yield address
    else:
        with local_broker(tmp_path_factory.mktemp("kafka"), no_container) as broker:
            note_use(pytestconfig, "Kafka", f"{VERSION}, from its jars")
            yield broker.bootstrap


@pytest.fixture
def kafka_prefix() -> str:
    """Give a prefix for the names of topics that no other test has."""
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
def own_kafka(pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[LocalKafka]:
    """Give a running broker of the test's own, which it may kill and start again."""
    with local_broker(tmp_path / "kafka") as broker:
        note_use(pytestconfig, "Kafka of a test's own", f"{VERSION}, from its jars")
        yield broker


def _check_answers(address: str) -> None:
    host, _, port = address.partition(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError) as error:
        pytest.fail(f"nothing answers at {ADDRESS}={address}: {error}", pytrace=False)


@contextmanager
def _container(image: str) -> Iterator[str]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    # The same port inside and outside: for transactions the broker calls itself at the address that it advertises.
    port = free_port()
    container = DockerContainer(image).with_bind_ports(port, port).with_envs(**environment(port))
    with container.waiting_for(LogMessageWaitStrategy(READY).with_startup_timeout(60)):
        yield f"{LOOPBACK}:{port}"


@contextmanager
def local_broker(data: Path, *no_other_way: str, **how: Any) -> Iterator[LocalKafka]:
    """Give a broker from the jars; `how` is what else `LocalKafka` takes."""
    try:
        java()
        jars()
    except UnavailableError as error:
        missing("Kafka", *no_other_way, str(error))
    with LocalKafka(data=data, fast_start=True, **how) as broker:
        yield broker
        broker.kill()  # a graceful end takes seconds, and nothing here is to be kept
