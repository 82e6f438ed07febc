"""`convgroups` in this process, where its start would take longer than its work."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.process import Ended
from tests.integration.service import Service

Run = Callable[..., Ended]


@pytest.fixture
def run(database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that runs a command on the test's own database, or with `--url` on a service."""
    from adapters.cli.app import run as main

    monkeypatch.setenv("CONVGROUPS_DATABASE_URL", f"sqlite:///{database}")

    def run_here(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["convgroups", *arguments])
        capsys.readouterr()
        code: int | str | None = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        assert isinstance(code, int | None)
        return Ended(code or 0, *capsys.readouterr())

    return run_here


@pytest.fixture(params=["on the database", "through a service"])
def way(request: pytest.FixtureRequest) -> list[str]:
    """Give the options that lead to the groups."""
    if request.param == "on the database":
        return []
    service: Service = request.getfixturevalue("service")
    return ["--url", service.url]
