"""This service over HTTP: `convgroups serve` as a process, and wrk or an open loop on the same machine.

Users take turns, so that each request is another user's. wrk leaves the requests in flight when it ends; those are sent
again with their keys, so that each command is done once, and what is stored can be counted to the last event.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import uvloop

from adapters.stores import Store, open_store, open_store_to_write
from benchmarks.cases import OWN_CORE
from benchmarks.commands import EVENTS, command_json, user_id
from benchmarks.cores import own_core
from benchmarks.open_loop import alone, at_rate, going_first, keeping_garbage, send_all
from benchmarks.ours import USERS, seed, settings
from benchmarks.protocol import answer_requests, tell_begin

CONVGROUPS = Path(sys.executable).with_name("convgroups")
SCRIPT = Path(__file__).with_name("commands.lua")
PROCESSES = os.environ.get("BENCH_PROCESSES", "1")
READERS = int(os.environ.get("BENCH_READERS", "0"))
"""Devices that follow the live feed meanwhile, each of another user."""

PATIENCE = 60.0
ABOUT_IN_FLIGHT = 4
"""So many requests per connection are sent again after wrk has ended: the last one may have been overtaken."""


class OursOverHTTP:
    """The service, and the number of the next command of all users."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._next = 0
        self._rates: dict[int, list[float]] = {}
        self._service: subprocess.Popen[bytes] | None = None
        self._store: Store | None = None
        self._stack = ExitStack()

    def seed(self) -> dict[str, Any]:
        """Give the users their histories in process, then start the service."""
        with open_store_to_write(settings()) as store:
            events = seed(store, range(USERS))
        environment = os.environ | {"CONVGROUPS_DATABASE_URL": settings().database_url}
        self._service = subprocess.Popen(
            [CONVGROUPS, "serve", f"--port={self._port}", f"--workers={PROCESSES}"], env=environment, stdout=sys.stderr
        )
        self._until(self._answers, "the service answers")
        self._store = self._stack.enter_context(open_store(settings()))
        self._until(self._views_have_caught_up, "the views have caught up")
        return {"events": events}

    def run(self, case: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
        with self._followed():
            return self._run(case, callers, warm, seconds)

    @contextmanager
    def _followed(self) -> Iterator[None]:
        """Let devices follow."""
        if not READERS:
            yield
            return
        command = [sys.executable, "-m", "benchmarks.feed_readers", str(self._port), str(READERS)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as readers:
            assert readers.stdout is not None
            try:
                if readers.stdout.readline() != "ready\n":
                    raise TimeoutError("the readers of the feed are not told")
                yield
                if readers.poll() is not None:
                    raise TimeoutError("the service let a reader go")
            finally:
                readers.kill()

    def _run(self, case: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
        first = self._next
        if case == "closed loop":
            answer = self._wrk(callers, seconds)
            self._rates.setdefault(callers, []).append(answer["count"] / answer["seconds"])
        else:
            assert self._service is not None
            others = os.getpid(), int(os.environ["BENCH_SERVER"])
            with own_core(self._service.pid, others) if case in OWN_CORE else nullcontext():
                answer = self._latency(callers, warm, seconds)
        begin = time.perf_counter()
        self._until(self._views_have_caught_up, "the views have caught up")
        return answer | {"total": self._next - first, "behind": time.perf_counter() - begin}

    def check(self) -> dict[str, Any]:
        """Count in the log, after the service has ended."""
        self.stop()
        with open_store_to_write(settings()) as store:
            head = store.log.head()
            [newest] = store.log.read(head - 1, 1)
        return {"events": head, "bytes": len(newest.event.to_json())}

    def stop(self) -> None:
        """End the service."""
        self._stack.close()
        if self._service is not None:
            self._service.terminate()
            self._service.wait(PATIENCE)

    def _wrk(self, connections: int, seconds: float) -> dict[str, float]:
        url = f"http://127.0.0.1:{self._port}"
        options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT), url]
        tell_begin()
        said = subprocess.run(
            ["wrk", *options, "--", str(self._next), str(USERS), str(EVENTS)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        done = json.loads(said.splitlines()[-1])
        if done["failed"]:
            raise ValueError(f"{done['failed']} requests were not carried out")
        first, self._next = self._next, done["next"]
        again = range(max(first, self._next - ABOUT_IN_FLIGHT * connections), self._next)
        uvloop.run(send_all(self._port, min(connections, 32), map(self._request, again)))
        return {
            "count": done["count"],
            "seconds": done["microseconds"] / 1e6,
            "p50": done["p50"] / 1e3,
            "p99": done["p99"] / 1e3,
        }

    def _latency(self, connections: int, warm: float, seconds: float) -> dict[str, float]:
        peak = max(map(statistics.median, self._rates.values()))

        def load(for_seconds: float) -> list[float]:
            requests = self._requests()
            if connections == 1:
                return uvloop.run(alone(self._port, for_seconds, requests))
            return uvloop.run(at_rate(self._port, connections, peak / 2, for_seconds, requests))

        # The first write of a page behind a checkpoint takes all of it into the write-ahead log.
        uvloop.run(send_all(self._port, 32, islice(self._requests(), USERS)))
        self._until(self._views_have_caught_up, "the views have caught up")
        with going_first(), keeping_garbage():
            load(warm)
            tell_begin()
            took = load(3 * seconds)  # a 99th percentile needs many
        cuts = statistics.quantiles(took, n=100)
        return {
            "count": len(took),
            "seconds": 3 * seconds,
            "p50": cuts[49] * 1e3,
            "p99": cuts[98] * 1e3,
        }

    def _requests(self) -> Iterator[bytes]:
        while True:
            self._next += 1
            yield self._request(self._next - 1)

    def _request(self, number: int) -> bytes:
        turn, user = divmod(number, USERS)
        name, n = user_id(user), EVENTS + turn
        body = command_json(user, n)
        head = (
            f"POST /v1/users/{name}/commands HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            "Content-Type: application/json",
            f"Idempotency-Key: {name}-{n}",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*head, "", body)).encode()

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline or self._service is None or self._service.poll() is not None:
                raise TimeoutError(f"not within {PATIENCE:.0f} s, or the service has ended: {what}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/healthz", timeout=5):
                return True
        except OSError:
            return False

    def _views_have_caught_up(self) -> bool:
        assert self._store is not None
        head = self._store.log.head()
        return min(self._store.group_lists.checkpoint(), self._store.history.checkpoint()) >= head


def main() -> None:
    """Answer until there are no more requests."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ours = OursOverHTTP()
    try:
        answer_requests({"seed": ours.seed, "run": ours.run, "check": ours.check})
    finally:
        ours.stop()


if __name__ == "__main__":
    main()
