"""A broker, the service, a few hundred users, and a consumer that tells each change: side by side, until Ctrl-C.

The broker is the one of CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS, else one of the demo's own. No data is kept, there neither.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.text import Text
from traffic import in_words, traffic

from infra.kafka.kafka import BrokerError, LocalKafka, UnavailableError, free_port

HERE = Path(__file__).parent
SERVERS = "CONVGROUPS_KAFKA_BOOTSTRAP_SERVERS"
SETTINGS = {name: value for name, value in os.environ.items() if not name.startswith("CONVGROUPS_")}


class Screen:
    """Commands on the left, changes on the right, figures above; or, `plain`, line by line."""

    def __init__(self, url: str, *, plain: bool) -> None:
        self._console = Console(soft_wrap=plain, highlight=False)
        self._live = None if plain else Live(console=self._console, screen=True, auto_refresh=False)
        self._url = url
        self._commands: deque[Text] = deque(maxlen=200)
        self._changes: deque[Text] = deque(maxlen=200)
        self._moments: deque[float] = deque()
        self._figures = {"commands": 0, "refused": 0, "events": 0, "changes": 0}

    def command(self, user: str, command: dict[str, Any], answer: dict[str, Any]) -> None:
        """Show a command and what it was answered."""
        done, some_not = "revision" in answer, answer.get("failureConversationIDList")
        ending = f"→ revision {answer['revision']}" if done else f"→ {answer.get('code', '')} {answer['detail']}"
        ending += f", but {some_not[0]['conversationID']}: {some_not[0]['code']}" if some_not else ""
        self._figures["commands"] += 1
        self._figures["refused"] += not done
        self._figures["events"] += len(answer.get("events", []))
        self._moments.append(time.monotonic())
        self._add(self._commands, ">", user, in_words(command), ending, "green" if done else "red")

    def change(self, line: str) -> None:
        """Show what the consumer told."""
        user, _, rest = line.partition(" ")
        told, _, ago = rest.rpartition("  ")
        self._figures["changes"] += 1
        self._add(self._changes, "<", user, told, ago, "cyan")

    def refresh(self) -> None:
        """Show the figures anew."""
        while self._moments and self._moments[0] < time.monotonic() - 5:
            self._moments.popleft()
        if self._live is not None:
            height, width = self._console.height - 5, self._console.width // 2 - 1
            panels = [
                Panel(Group(*list(lines)[-height:]), title=title, height=height + 2, width=width)
                for title, lines in (("commands in", self._commands), ("changes out", self._changes))
            ]
            head = Text(f" {self.figures()}\n API {self._url}/docs · Ctrl-C ends the demo", style="bold")
            self._live.update(Group(head, Columns(panels, padding=0)), refresh=True)

    def figures(self) -> str:
        """Say how much happened."""
        on_the_way = self._figures["events"] - self._figures["changes"]
        counted = " · ".join(f"{number:,} {name}" for name, number in self._figures.items())
        return f"{counted} · {on_the_way} on the way · {len(self._moments) / 5:.1f} commands/s"

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        self._console.print(self.figures())

    def _add(self, lines: deque[Text], mark: str, user: str, told: str, ending: str, colour: str) -> None:
        name, end = Text(f"{user:<15} ", colour), Text(f" {ending}", "dim" if colour != "red" else colour)
        lines.append(Text.assemble(name, told, end, no_wrap=True, overflow="ellipsis"))
        if self._live is None:
            self._console.print(Text.assemble(f"{mark} ", lines[-1]))


@contextmanager
def broker(prefix: str) -> Iterator[str]:
    """Give the address of a broker; one that was there before is left without our topics."""
    if given := os.environ.get(SERVERS):
        try:
            yield given
        finally:
            with suppress(KafkaError):
                admin = KafkaAdminClient(bootstrap_servers=given, bootstrap_timeout_ms=1000)
                admin.delete_topics([f"{prefix}.{name}.v1" for name in ("events", "groups", "positions")])
                admin.close()
        return
    print("Starting Kafka ...", flush=True)
    own = LocalKafka(fast_start=True)
    try:
        own.start()
        yield own.bootstrap
    finally:
        own.kill()  # a graceful end takes seconds, and nothing here is to be kept
        own.close()


@contextmanager
def service(bootstrap: str, prefix: str, folder: Path, patience: float) -> Iterator[str]:
    """Give the address of a service that relays to this broker."""
    print("Starting the service ...", flush=True)
    log, url = folder / "service.log", f"http://127.0.0.1:{(port := free_port())}"
    settings = {
        "CONVGROUPS_DATABASE_URL": f"sqlite:///{folder}/groups.db",
        "CONVGROUPS_KAFKA_TOPIC_PREFIX": prefix,
        SERVERS: bootstrap,
    }
    command = [str(Path(sys.executable).with_name("convgroups")), "serve", f"--port={port}"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=SETTINGS | settings, stdout=out, stderr=out, start_new_session=True)
    try:
        with httpx.Client(base_url=url) as client:
            deadline = time.monotonic() + patience
            while not ready(client):
                if process.poll() is not None:
                    sys.exit(f"The service has ended:\n{log.read_text()}")
                if time.monotonic() > deadline:
                    sys.exit(f"The relay does not reach Kafka at {bootstrap} ({SERVERS}):\n{log.read_text()}")
                time.sleep(0.05)
        yield url
    except* httpx.TransportError:
        sys.exit(f"The service does not answer any more:\n{log.read_text()}")
    finally:
        process.terminate()
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ready(client: httpx.Client) -> bool:
    """Tell whether the service and its relay have begun."""
    try:
        checks = client.get("/readyz").json()["checks"]
    except httpx.TransportError:
        return False
    return any(check["name"] == "relay" and check["detail"].startswith("0 events") for check in checks)


async def watch(bootstrap: str, prefix: str, screen: Screen) -> None:
    """Run the consumer, and show what it tells."""
    program = [str(HERE / "watch_changes.py"), bootstrap, f"--prefix={prefix}"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            screen.change(line.decode().rstrip())
        sys.exit("The consumer has ended.")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def show(url: str, bootstrap: str, prefix: str, screen: Screen, given: argparse.Namespace) -> None:
    """Let everything happen at once."""
    async with asyncio.timeout(given.seconds), asyncio.TaskGroup() as tasks:
        tasks.create_task(watch(bootstrap, prefix, screen))
        tasks.create_task(traffic(url, given.people, given.rate, screen.command))
        while True:
            screen.refresh()
            await asyncio.sleep(0.1)


def main() -> None:
    """Show it all, and leave nothing behind that runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="at most 320 (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=8, help="commands a second, about (default: %(default)s)")
    parser.add_argument("--seconds", type=float, help="end by itself, so long after the first command")
    parser.add_argument(
        "--patience", type=float, default=20, help="seconds for the relay to reach Kafka (default: %(default)s)"
    )
    parser.add_argument("--plain", action="store_true", help="line by line, as it is where the output is no terminal")
    given = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    prefix = f"demo-{uuid4().hex[:8]}"
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-")))
            bootstrap = stack.enter_context(broker(prefix))
            url = stack.enter_context(service(bootstrap, prefix, folder, given.patience))
            stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)  # the end is short, and not to be cut shorter
            screen = stack.enter_context(Screen(url, plain=given.plain or not sys.stdout.isatty()))
            asyncio.run(show(url, bootstrap, prefix, screen, given))
    except* (KeyboardInterrupt, TimeoutError):
        pass
    except* (UnavailableError, BrokerError) as errors:
        sys.exit(f"{errors.exceptions[0]}. Or name a broker with {SERVERS}.")
    except* BrokenPipeError:  # as in `make demo | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
