"""The tests' own Kafka and PostgreSQL come from containers, where an engine is all there is."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

SOME = (
    "tests/e2e/kafka/test_publishing.py::test_every_event_arrives_once_in_order_per_user_with_the_bytes_of_the_log",
    "tests/e2e/kafka/test_going_on.py::test_a_crash_between_writing_and_committing_publishes_nothing",
    "tests/contract/test_postgres.py",
)


def test_the_services_of_the_tests_come_from_containers(engine: None) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONVGROUPS_TEST_")}
    command = [sys.executable, "-m", "pytest", "-m", "not proof", "--no-header", "-p", "no:cacheprovider", *SOME]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "Kafka: apache/kafka:4.3.1, in Docker" in done.stdout
    assert "PostgreSQL: 15, postgres:15 in Docker" in done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1]
