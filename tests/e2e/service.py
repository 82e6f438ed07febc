"""The real service as a process of its own: started, killed and stopped as an operator or an outage would."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from threading import Event
from typing import Any
from urllib.request import urlopen

import httpx

from infra.kafka.kafka import LOOPBACK, free_port

PATIENCE = 30.0
"""Seconds after which a start or a stop has failed."""

CONVGROUPS = Path(sys.executable).with_name("convgroups")

_LIBC = ctypes.CDLL(None)  # loaded here because little is safe between fork and exec


def _end_with_tests() -> None:
    """Be killed when the tests are: nobody else would end the service then."""
    pr_set_pdeathsig = 1
    _LIBC.prctl(pr_set_pdeathsig, signal.SIGKILL)


class Service:
    """`convgroups serve` on a port and a database of its own; both stay the same from one start to the next.

    Without the URL of a database that is an SQLite file.
    """

    def __init__(
        self,
        folder: Path,
        kafka: str | None = None,
        prefix: str | None = None,
        program: Path = CONVGROUPS,
        *,
        database: str | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.database = database or f"sqlite:///{folder / 'groups.db'}"
        self.log = folder / "service.log"
        self.url = ""
        self.up = Event()
        """Set while the service takes requests: cleared before it is killed or stopped."""

        self._folder = folder
        self._program = program
        self._arguments = arguments
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CONVGROUPS_")}
        self.environment["CONVGROUPS_DATABASE_URL"] = self.database
        self.environment["CONVGROUPS_LOG_FORMAT"] = "json"
        if kafka is not None:
            self.environment["CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS"] = kafka
        if prefix is not None:
            self.environment["CONVGROUPS_KAFKA_TOPIC_PREFIX"] = prefix

    def start(self) -> float:
        """Start it, and tell after how many seconds it answers."""
        begin = time.monotonic()
        self.begin()
        self.wait_until_up()
        return time.monotonic() - begin

    def begin(self) -> None:
        """Start it, and do not wait until it answers."""
        assert self._process is None, "it runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "serve", f"--port={self._port}", *self._arguments],
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its processes can be killed together
                preexec_fn=_end_with_tests if sys.platform == "linux" else None,  # noqa: PLW1509 - one C call
            )
        self.url = f"http://{LOOPBACK}:{self._port}"

    def wait_until_up(self) -> None:
        """Wait until it answers."""
        eventually(self._answers_or_has_ended, "the service answers")
        assert self.process.poll() is None, f"the service ended at its start:\n{self.said()}"
        self.up.set()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started."""
        assert self._process is not None, "it does not run"
        return self._process

    def kill(self) -> None:
        """End it, and all processes that it has, as `kill -9` does."""
        self.up.clear()
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all its processes."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self) -> float:
        """Ask it to end, as an operator would; it must do so in good order. Tell how many seconds that took."""
        begin = time.monotonic()
        self.ask_to_stop()
        self.wait_until_stopped()
        return time.monotonic() - begin

    def ask_to_stop(self) -> None:
        """Ask it to end, and do not wait until it has."""
        self.up.clear()
        self.process.send_signal(signal.SIGTERM)

    def wait_until_stopped(self) -> None:
        """See it end in good order."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the service does not end:\n{self.said()}") from None
        self._process = None
        assert code == 0, f"the service ended with {code}:\n{self.said()}"
        assert "Traceback" not in self.said(), self.said()

    def said(self) -> str:
        """Give what the service wrote to its standard output and error, over all its lives."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def client(self) -> httpx.Client:
        """Give a client with connections of its own, which it keeps open."""
        # Without TLS there is nothing to verify, and the certificates of the world take a while to load.
        return httpx.Client(base_url=self.url, timeout=PATIENCE, verify=False)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Ask `/readyz`: the status, and each check by its name."""
        with self.client() as client:
            answer = client.get("/readyz")
        return answer.status_code, {check["name"]: check for check in answer.json()["checks"]}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `convgroups` command with the settings of this service."""
        return subprocess.run(
            [self._program, *arguments],
            cwd=self._folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def _answers_or_has_ended(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return True
        try:
            with urlopen(f"{self.url}/healthz", timeout=1) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False


def eventually(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Look again and again until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)
