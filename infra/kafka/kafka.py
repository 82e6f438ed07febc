"""A real Apache Kafka on loopback from its published jars: one KRaft node, for development and tests.

As a program it runs until Ctrl-C: `python infra/kafka/kafka.py --port 9092`. As a module, `LocalKafka` can also be
killed, and started again on its data. Needs Java 17; Maven brings the jars on first use.
"""

import argparse
import ctypes
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.etree import ElementTree as ET

LOOPBACK = "127.0.0.1"
CLUSTER_ID = "Y29udmdyb3Vwcy1rYWZrYQ"
READY = "Kafka Server started"  # what the broker logs when it takes requests
POM = Path(__file__).with_name("pom.xml")
VERSION = ET.parse(POM).findtext("{*}properties/{*}kafka.version") or ""
START_TIMEOUT, STOP_TIMEOUT = 60.0, 30.0

_HEAP = ["-Xmx512m"]
_FAST_START = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # ready sooner, slower in the long run
_LOG = ["-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"]
_LIBC = ctypes.CDLL(None)  # loaded here because little is safe between fork and exec
_PR_SET_PDEATHSIG = 1


class UnavailableError(RuntimeError):
    """Kafka cannot be had on this machine; the text says what is missing."""


class BrokerError(RuntimeError):
    """The broker does not start; the text says why, or holds the end of its log."""


def settings(port: int, controller_port: int, listen_on: str = LOOPBACK) -> dict[str, str]:
    """Return the settings of a single node that clients on this machine reach at `port`."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{listen_on}:{port},CONTROLLER://{listen_on}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "auto.create.topics.enable": "false",
        # One node holds everything, so nothing can have a second replica.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # A consumer group need not wait for members that are not there.
        "group.initial.rebalance.delay.ms": "0",
        # After a kill, the controller takes the node back only when its former session has run out.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
    }


def environment(port: int) -> dict[str, str]:
    """Return `settings` as the environment variables that the image `apache/kafka` reads."""
    inside = settings(port, controller_port=port + 1, listen_on="")
    variables = {f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in inside.items()}
    return variables | {"CLUSTER_ID": CLUSTER_ID}


def free_port() -> int:
    """Return a port that nobody listens on, from below the range that the system gives to outgoing connections.

    In that range a client that keeps trying to reach a stopped broker can be given the broker's own port.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def java() -> str:
    """Return the path of Java, or raise `UnavailableError`."""
    return _program("java", "Kafka needs Java 17 or newer", "openjdk-17-jre-headless")


def jars() -> Path:
    """Return the folder of Kafka's jars, copied there once for all clones, or raise `UnavailableError`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "conversation-groups"
    folder = cache / f"kafka-{VERSION}-{zlib.crc32(POM.read_bytes()):08x}"  # another POM has other jars
    if folder.is_dir():
        return folder
    maven = _program("mvn", f"the jars of Kafka {VERSION} are fetched with Maven", "maven")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock, tempfile.TemporaryDirectory(dir=cache) as temporary:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():  # else another process has copied them meanwhile
            print(f"Fetching Apache Kafka {VERSION} with Maven, once (45 MB) ...", file=sys.stderr, flush=True)
            copies = Path(temporary, "jars")
            goal = ["dependency:copy-dependencies", f"-DoutputDirectory={copies}"]
            _run([maven, "--batch-mode", "--quiet", f"--file={POM}", *goal], UnavailableError)
            copies.rename(folder)
    return folder


def _program(name: str, why: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise UnavailableError(f"{name} is missing: {why} (on Debian: apt-get install {package})")
    return path


def _run(command: list[str], error: type[Exception]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise error(f"{Path(command[0]).name} ended with {done.returncode}:\n{_tail(done.stdout + done.stderr)}")


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-15:])


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class LocalKafka:
    """One broker with its own data; `start` after `kill` or `stop` goes on with the same data and port.

    `port` 0 takes a free one. `data` None is a temporary folder, removed by `close`, which leaving the `with` calls.
    """

    def __init__(
        self,
        port: int = 0,
        data: Path | None = None,
        *,
        fast_start: bool = False,
        more: Mapping[str, str] | None = None,
        scram: Mapping[str, str] | None = None,
    ) -> None:
        """Take `more` settings, and users with their passwords for `scram`, which are made with the data."""
        self.port = port or free_port()
        self.bootstrap = f"{LOOPBACK}:{self.port}"
        self._more, self._scram = dict(more or {}), dict(scram or {})
        self._temporary = data is None
        self.data = data.resolve() if data else Path(tempfile.mkdtemp(prefix="kafka-"))
        self.log = self.data / "broker.log"
        self._flags = [*_HEAP, *_LOG, *(_FAST_START if fast_start else [])]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the broker and return when it takes requests."""
        if self._process is not None and self._process.poll() is None:
            raise RuntimeError("this broker is running already")
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the broker in the main thread: Linux ends it with the thread that started it")
        if not _is_free(self.port):
            raise BrokerError(f"port {self.port} is taken: stop what listens there, or choose another port")
        command = [java(), *self._flags, "-cp", f"{jars()}/*"]
        properties = self._write_settings()
        if not (self.data / "log" / "meta.properties").exists():
            formatting = ["format", "--cluster-id", CLUSTER_ID, "--config", str(properties)]
            for user, password in self._scram.items():
                formatting += ["--add-scram", f"SCRAM-SHA-256=[name={user},password={password}]"]
            _run([*command, "kafka.tools.StorageTool", *formatting], BrokerError)
        with self.log.open("ab") as log:
            begin = log.tell()
            self._process = subprocess.Popen(
                [*command, "kafka.Kafka", str(properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this program alone, which stops the broker in good order
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one C call
            )
        try:
            self._wait_until_ready(self._process, begin)
        except BaseException:
            self.kill()
            raise

    def _write_settings(self) -> Path:
        self.data.mkdir(parents=True, exist_ok=True)
        lines = settings(self.port, free_port()) | {"log.dirs": str(self.data / "log")} | self._more
        path = self.data / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        return path

    def _wait_until_ready(self, process: subprocess.Popen[bytes], begin: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while READY.encode() not in self.log.read_bytes()[begin:]:
            if process.poll() is not None:
                raise BrokerError(f"the broker ended with {process.returncode} at its start:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise BrokerError(f"the broker was not ready after {START_TIMEOUT:.0f} s:\n{self.log_tail()}")
            time.sleep(0.02)

    def log_tail(self) -> str:
        """Return the last lines that the broker logged."""
        return _tail(self.log.read_text(errors="replace"))

    def wait(self) -> int:
        """Wait until the broker ends by itself and return its exit code."""
        if self._process is None:
            raise RuntimeError("this broker is not running")
        return self._process.wait()

    def kill(self) -> None:
        """End the broker at once, as `kill -9` does; its data stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Let the broker shut down in good order; its data stays."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def close(self) -> None:
        """Stop the broker and remove its data if that was temporary."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def main(arguments: list[str] | None = None) -> None:
    """Run one broker until Ctrl-C or SIGTERM; the only line on standard output is its address, once it is ready."""
    parser = argparse.ArgumentParser(description=f"Run Apache Kafka {VERSION} on {LOOPBACK} until Ctrl-C.")
    parser.add_argument("--port", type=int, default=9092, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data there (default: a temporary folder)")
    parser.add_argument("--fast-start", action="store_true", help="for tests: ready sooner, slower in the long run")
    given = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    print(f"Starting Apache Kafka {VERSION} ...", file=sys.stderr)
    try:
        with LocalKafka(given.port, given.data, fast_start=given.fast_start) as broker:
            print(broker.bootstrap, flush=True)
            lost = "" if given.data else ", and its topics are gone then"
            print(f"Apache Kafka {VERSION} is ready; it logs to {broker.log}; Ctrl-C stops it{lost}.", file=sys.stderr)
            code = broker.wait()
            sys.exit(f"kafka: the broker ended by itself with {code}:\n{broker.log_tail()}")
    except (UnavailableError, BrokerError, OSError) as error:
        sys.exit(f"kafka: {error}")


if __name__ == "__main__":
    main()
