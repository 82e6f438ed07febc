"""How long after a command was answered a consumer has its event: commands at a steady rate, over HTTP."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import uvloop

from adapters.kafka.settings import KafkaSettings
from benchmarks.commands import command_json, user_id
from benchmarks.open_loop import HEAD_END, LENGTH, Connection
from infra.kafka.kafka import free_port

CONVGROUPS = Path(sys.executable).with_name("convgroups")
CONNECTIONS = 32
USERS = 500
PATIENCE = 60.0


class Answered(Connection):
    """Keeps the last answer, and when it came."""

    body = b""
    at = 0.0

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        head, _, body = received.partition(HEAD_END)
        if len(body) >= int(head.lower().partition(LENGTH)[2].split(b"\r\n", 1)[0] or 1):
            self.at, self.body = time.perf_counter(), body
        super().data_received(data)


@contextmanager
def service(database: str, kafka: KafkaSettings) -> Iterator[int]:
    """Give the port of a service."""
    environment = os.environ | {
        "CONVGROUPS_DATABASE_URL": database,
        "CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "CONVGROUPS_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
    }
    port = free_port()
    command = [str(CONVGROUPS), "serve", f"--port={port}"]
    with subprocess.Popen(command, env=environment, stdout=sys.stderr) as running:
        try:
            wait_until_answered(port)
            wait_for(port, "0 events")
            yield port
        finally:
            running.terminate()


def wait_until_answered(port: int) -> None:
    """Wait until somebody is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the service does not answer")


def wait_for(port: int, detail: str) -> None:
    """Wait until the relay says this of itself."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                checks = json.load(answer)["checks"]
        except OSError:
            time.sleep(0.05)
            continue
        if any(check["name"] == "relay" and check["detail"].startswith(detail) for check in checks):
            return
        time.sleep(0.05)
    raise TimeoutError(f"the relay does not say {detail}")


@contextmanager
def consumer(kafka: KafkaSettings) -> Iterator[dict[str, float]]:
    """Read in a process of its own; what it gives is filled at the end: event IDs and moments."""
    command = [sys.executable, "-m", "benchmarks.kafka.consumer", kafka.bootstrap_servers, kafka.events_topic]
    moments: dict[str, float] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reading:
        assert reading.stdin is not None
        assert reading.stdout is not None
        if reading.stdout.readline() != "ready\n":
            raise TimeoutError("the consumer does not read")
        yield moments
        time.sleep(0.5)
        said, _ = reading.communicate()
        moments.update(json.loads(said))


async def _send(port: int, rate: float, seconds: float, numbers: Iterator[int]) -> dict[str, float]:
    """Send commands at a rate, and give for each event when its command was answered."""
    answered: dict[str, float] = {}
    due: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def work(connection: Answered) -> None:
        while (request := await due.get()) is not None:
            await connection.ask(request)
            for event in json.loads(connection.body)["events"]:
                answered[event["eventID"]] = connection.at

    loop = asyncio.get_running_loop()
    connections = [(await loop.create_connection(Answered, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    async with asyncio.TaskGroup() as tasks:
        for connection in connections:
            tasks.create_task(work(connection))
        begin = time.perf_counter()
        for sent in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + sent / rate - time.perf_counter()))
            due.put_nowait(_request(port, next(numbers)))
        for _ in connections:
            due.put_nowait(None)
    for connection in connections:
        connection.close()
    return answered


def _request(port: int, number: int) -> bytes:
    turn, user = divmod(number, USERS)
    body = command_json(user, turn)
    head = (
        f"POST /v1/users/{user_id(user)}/commands HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", body)).encode()


def latencies(database: str, kafka: KafkaSettings, rates: list[int], seconds: float, rounds: int) -> dict[int, Any]:
    """Give for each rate the 50th and 99th percentile of every round, in milliseconds."""
    found: dict[int, Any] = {rate: {"p50": [], "p99": []} for rate in rates}
    numbers = count()
    with service(database, kafka) as port:
        for turn in range(rounds + 1):
            for rate in rates:
                with consumer(kafka) as moments:
                    answered = uvloop.run(_send(port, rate, seconds, numbers))
                    wait_for(port, "0 events")
                missing = answered.keys() - moments.keys()
                if missing:
                    raise ValueError(f"{len(missing)} events did not come out of Kafka")
                if turn:  # the first is to warm up
                    cuts = statistics.quantiles((moments[one] - at for one, at in answered.items()), n=100)
                    found[rate]["p50"].append(1e3 * cuts[49])
                    found[rate]["p99"].append(1e3 * cuts[98])
    return found
