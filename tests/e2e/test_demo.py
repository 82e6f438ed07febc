"""The programs of `examples/`, run as a person would."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from kafka import KafkaConsumer

from tests.e2e.service import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "examples"
RATE = "40"


@contextmanager
def running(*command: str, kafka: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program, and end it after a while where nothing else does."""
    settings = {} if kafka is None else {"CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS": kafka}
    with subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        guard = Timer(2 * PATIENCE, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    return iter(process.stdout.readline, "")


def children(parent: int) -> list[Path]:
    """Give the processes that another one has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if f"\nPPid:\t{parent}\n" in status.read_text():
                found.append(status.parent)
        except OSError:
            continue  # it ended meanwhile
    return found


def test_the_demo_shows_commands_in_and_changes_out_and_ends_by_itself(kafka: str) -> None:
    demo = str(EXAMPLES / "demo.py")
    with running(demo, "--plain", f"--rate={RATE}", "--seconds=4", kafka=kafka) as process:
        shown = list(lines(process))
        assert process.wait() == 0, shown
    commands = [line for line in shown if line.startswith("> ") and "→ revision" in line]
    changes = [line for line in shown if line.startswith("< ") and " ms ago)" in line]
    assert len(commands) > 20
    assert len(changes) > 20
    told = re.fullmatch(r"(\d+) commands · (\d+) refused · (\d+) events · (\d+) changes · .*\n", shown[-1])
    assert told is not None, shown[-1]
    sent, refused, events, seen = map(int, told.groups())
    assert refused < sent <= events
    assert seen == sum(line.startswith("< ") for line in shown)


def test_ctrl_c_ends_the_demo_with_all_that_it_started(kafka: str) -> None:
    with running(str(EXAMPLES / "demo.py"), "--plain", f"--rate={RATE}", kafka=kafka) as process:
        shown = []
        for line in lines(process):
            shown.append(line)
            if line.startswith("< "):
                break
        started = children(process.pid)
        assert len(started) == 2, (started, shown)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        shown += lines(process)
        assert process.wait() == 0, shown
        assert time.monotonic() - begin < 5  # 2 s where nothing else runs
    assert not [process for process in started if process.exists()]
    assert "Traceback" not in "".join(shown)
    consumer = KafkaConsumer(bootstrap_servers=kafka)
    assert not [topic for topic in consumer.topics() if topic.startswith("demo-")]
    consumer.close()


def test_the_demo_says_that_the_broker_it_was_told_of_is_not_there() -> None:
    with running(str(EXAMPLES / "demo.py"), "--plain", "--patience=1", kafka="127.0.0.1:1") as process:
        shown = "".join(lines(process))
        assert process.wait() == 1
    assert "The relay does not reach Kafka at 127.0.0.1:1 (CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS)" in shown
    assert "Traceback" not in shown
