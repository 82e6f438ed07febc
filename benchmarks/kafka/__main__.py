"""Measures the relay, and writes the report: `python -m benchmarks.kafka [--help]`."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from adapters.interpreter import suit_the_interpreter
from adapters.kafka.client.cluster import Cluster as KafkaCluster
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import ensure_topics
from adapters.settings import Settings
from adapters.stores import open_store, open_store_to_write
from benchmarks.cluster import Cluster
from benchmarks.kafka.latency import latencies
from benchmarks.kafka.rates import fresh, produced, ready_made, relayed
from benchmarks.machine import facts
from benchmarks.ours import submission
from benchmarks.peer import ROOT
from infra.kafka.kafka import VERSION, LocalKafka
from infra.postgres.postgres import LOOPBACK, USER

REPORT = ROOT / "docs/benchmarks-kafka.md"
TEXT = Path(__file__).with_name("report.md")
RATES = (100, 1_000)
AT_ONCE = 1_000
started = time.monotonic()


def say(text: str) -> None:
    """Tell how far the run is."""
    print(f"[{time.monotonic() - started:4.0f} s] {text}", file=sys.stderr, flush=True)


def fill(url: str, events: int) -> None:
    """Record so many events, 20 of each user."""
    users = events // 20
    with open_store_to_write(Settings(database_url=url)) as store:
        for n in range(20):
            for first in range(0, users, AT_ONCE):
                store.groups.handle([submission(user, n) for user in range(first, min(first + AT_ONCE, users))])


def measure_rates(url: str, kafka: str, rounds: int) -> dict[str, list[float]]:
    """Give the events per second of each way, round by round."""
    found: dict[str, list[float]] = {"producer": [], "events": [], "groups": []}
    with open_store(Settings(database_url=url)) as store:
        records = ready_made(store, fresh(kafka))
        for turn in range(rounds + 1):
            measured = {
                "producer": produced(_with_topics(kafka), records),
                "events": relayed(store, fresh(kafka), groups=False),
                "groups": relayed(store, fresh(kafka), groups=True),
            }
            for way, rate in measured.items():
                if turn:  # the first is to warm up
                    found[way].append(rate)
            say(f"round {turn}: " + ", ".join(f"{way} {rate:,.0f}/s" for way, rate in measured.items()))
    return found


def _with_topics(kafka: str) -> KafkaSettings:
    settings = fresh(kafka)
    with KafkaCluster(settings) as cluster:
        ensure_topics(cluster, settings)
    return settings


def spread(values: list[float], digits: int = 0) -> str:
    """Give the smallest, the middle and the largest."""
    return " / ".join(f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))


def report(about: dict[str, str], rates: dict[str, list[float]], waits: dict[int, Any]) -> str:
    """Put figures and text together."""
    own = rates["producer"]
    ratio = {way: [a / b for a, b in zip(rates[way], own, strict=True)] for way in ("events", "groups")}
    names = {
        "producer": "kafka-python's producer",
        "events": "relay, events alone",
        "groups": "relay, events and groups",
    }
    table = [
        f"| {names[way]} | {spread(rates[way])} | {spread(ratio[way], 2) if way in ratio else '1'} |" for way in names
    ]
    lines = [f"| {rate:,} | {spread(waits[rate]['p50'], 1)} | {spread(waits[rate]['p99'], 1)} |" for rate in RATES]
    parts = {
        "facts": "\n".join(f"- {name}: {value}" for name, value in about.items()),
        "rates": "\n".join(table),
        "waits": "\n".join(lines),
    }
    text = TEXT.read_text()
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return text


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, prog="benchmarks.kafka")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--events", type=int, default=100_000, help="in the log that is published")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each rate of a round")
    parser.add_argument("--report", type=Path, default=REPORT)
    asked = parser.parse_args()
    suit_the_interpreter()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Cluster(folder) as cluster, LocalKafka(data=folder / "kafka") as broker:
            about = facts(cluster, folder, asked.rounds, asked.seconds)
            kept = ("Date", "Commit", "Machine", "Disk", "PostgreSQL", "Python")
            about = {key: about[key] for key in kept} | {"Kafka": f"{VERSION}, full JIT, on the same machine"}
            about["Rounds"] = f"{asked.rounds}, after one to warm up; min / median / max"
            about["Log"] = f"{asked.events:,} events of {asked.events // 20:,} users, in PostgreSQL"

            def database(called: str) -> str:
                cluster.run(f'CREATE DATABASE "{called}"')
                return f"postgresql://{USER}@{LOOPBACK}:{cluster.environment['PGPORT']}/{called}"

            url = database("rates")
            fill(url, asked.events)
            say("the log is filled")
            rates = measure_rates(url, broker.bootstrap, asked.rounds)
            kafka = fresh(broker.bootstrap)
            waits = latencies(database("waits"), kafka, list(RATES), asked.seconds, asked.rounds)
            say(f"waits: {json.dumps(waits)}")
    asked.report.write_text(report(about, rates, waits))
    say(f"report: {asked.report}")


if __name__ == "__main__":
    main()
