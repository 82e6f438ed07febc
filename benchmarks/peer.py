"""A peer as the run sees it: a process that is asked, and what it has acknowledged."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 600.0
"""Seconds after which a peer that has not answered is killed."""


class PeerFailed(Exception):  # noqa: N818 - it ends the run
    """A peer could not do what it was asked."""


class Peer:
    """One process; see `benchmarks.protocol` for what it is asked.

    Between two questions it and what it started are stopped: a service that keeps looking at its log would take time
    from whoever is measured.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: TextIO) -> None:
        self.name = name
        self.acknowledged = 0
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            process_group=0,
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, do: str, on_begin: Callable[[], None] = lambda: None, **request: object) -> dict[str, Any]:
        """Ask, and wait for the answer; `on_begin` is called when the warm-up is over."""
        impatience = threading.Timer(PATIENCE, self._signal, [signal.SIGKILL])
        try:
            impatience.start()
            self._signal(signal.SIGCONT)
            answer = self._talk({"do": do} | request, on_begin)
        finally:
            self._signal(signal.SIGSTOP)
            impatience.cancel()
        if "error" in answer:
            raise PeerFailed(f"{self.name}, asked to {do} {request}: {answer['error']}")
        self.acknowledged += answer["events"] if do == "seed" else answer.get("total", 0)
        return answer

    def _talk(self, request: dict[str, object], on_begin: Callable[[], None]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if "begin" not in answer:
                return answer
            on_begin()
        return {"error": f"the process has ended, or took more than {PATIENCE:.0f} s"}

    def end(self) -> None:
        """End the process."""
        self._signal(signal.SIGCONT)
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._signal(signal.SIGKILL)  # and what it may have left behind
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        """Send it to the process, and to all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
