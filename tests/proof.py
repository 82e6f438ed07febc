"""The report of the proofs: `pytest -m proof --proof-report=FILE` writes what was proved as a Markdown table.

A row is a test: the first line of its docstring, how it ended, how long it took, and the figures that it gave with
`record_property("commands acknowledged", 120_000)`.
"""

import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.services.provision import USED

OPTION = "--proof-report"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, type=Path, metavar="FILE", help="write what the tests of this run proved, as Markdown")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption(OPTION)
    if path is not None:
        config.pluginmanager.register(ProofReport(config, path))


@dataclass
class Proof:
    """One test of the run: its sentence and how it ended."""

    sentence: str
    outcome: str = "passed"
    seconds: float = 0.0
    figures: list[tuple[str, object]] = field(default_factory=list)

    def row(self) -> str:
        """Return the proof as a row of the table."""
        figures = ", ".join(f"{name}: {_readable(value)}" for name, value in self.figures)
        cells = [self.sentence, self.outcome, f"{self.seconds:,.1f}", figures]
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


class ProofReport:
    """Collects the proofs while they run and writes the report at the end, also where some failed."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.path = path
        self.begin = datetime.now(UTC)
        self.commit = _commit(config.rootpath)
        self.proofs: dict[str, Proof] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.proofs = {item.nodeid: Proof(_sentence(item), outcome="not run") for item in session.items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        proof = self.proofs[report.nodeid]
        proof.seconds += report.duration
        proof.figures = report.user_properties
        if report.outcome != "passed" or proof.outcome == "not run":
            proof.outcome = report.outcome

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.path.write_text("\n".join([*self._header(), *(proof.row() for proof in self.proofs.values()), ""]))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            terminalreporter.write_line(f"report: {self.path}")

    def _header(self) -> list[str]:
        passed = sum(proof.outcome == "passed" for proof in self.proofs.values())
        facts = {
            "Date": f"{self.begin:%Y-%m-%d %H:%M} UTC",
            "Commit": self.commit,
            "Machine": f"{len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.machine()}",
            "Python": platform.python_version(),
            **self.config.stash.get(USED, {}),
            "Result": f"{passed} of {len(self.proofs)} passed",
        }
        return [
            "# What was proved",
            "",
            "Written by `make proof`. Each row is a test; its code says how it is proved.",
            "",
            *(f"- {name}: {value}" for name, value in facts.items()),
            "",
            "| proved | outcome | seconds | figures |",
            "|---|---|---:|---|",
        ]


def _sentence(item: pytest.Item) -> str:
    """Return what the test shows: the first line of its docstring, else its name, and the case it runs for."""
    name, bracket, case = item.name.partition("[")
    text = getattr(getattr(item, "obj", None), "__doc__", None)
    sentence = text.strip().splitlines()[0] if text else name.removeprefix("test_").replace("_", " ")
    return f"{sentence} {bracket}{case}".strip()


def _readable(value: object) -> str:
    match value:
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
        case _:
            return str(value)


def _commit(folder: Path) -> str:
    """Return the commit that was tested, marked `-dirty` where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
