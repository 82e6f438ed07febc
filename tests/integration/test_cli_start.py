"""`convgroups --help` answers at once, and every command explains itself."""

import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.integration.command_line import Run
from tests.integration.process import PROGRAM, convgroups, environment

HEAVY = ("alembic", "eventsourcing", "fastapi", "httpx", "kafka", "prometheus_client", "sqlalchemy", "uvicorn")
COMMANDS = ["serve", "send", "groups", "history", "rebuild", "migrate", "doctor", "new-log-id", "relay-from"]


def test_the_command_line_begins_without_what_only_commands_need() -> None:
    script = "import sys, adapters.cli.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert set(HEAVY).isdisjoint(loaded)


def test_help_takes_a_moment_of_the_processor() -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    took = []
    for _ in range(3):
        before = spent()
        subprocess.run([*PROGRAM, "--help"], env=environment(None), capture_output=True, check=True)
        took.append(spent() - before)
    assert min(took) < 0.5, took  # a quarter of a second, where nobody else is at work


def test_help_lists_every_command(run: Run) -> None:
    ended = run("--help")
    assert ended.code == 0
    assert all(f"  {command} " in ended.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    ended = run(command, "--help")
    assert ended.code == 0
    assert ended.out.startswith("Usage: ")
    assert command == "serve" or "--json" in ended.out


def test_send_lists_its_commands(run: Run) -> None:
    told = " ".join(run("send", "--help").out.split()).replace("- ", "-")  # a line may end within a word
    for usage in ("create-group GROUP [ID ...]", "reorder-group GROUP --before N | --end", "rename-group GROUP NEW"):
        assert usage in told


@pytest.mark.parametrize("words", [["frobnicate"], ["--nonsense"], ["groups"], ["groups", "a", "b", "c"]])
def test_what_is_no_command_is_wrong_usage(run: Run, words: list[str]) -> None:
    run(*words).fails(2)


@pytest.mark.parametrize(
    ("code", "words"), [(1, ["send", "alice", "delete-group", "x"]), (2, ["send", "alice", "frobnicate"])]
)
def test_a_process_ends_with_the_code_that_is_told(database: Path, code: int, words: list[str]) -> None:
    convgroups(*words, database=database).fails(code)


def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    assert run("--version").out.strip() == version("conversation-groups")
