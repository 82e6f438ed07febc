"""`convgroups` as a person runs it: a process with arguments, an environment, output and an exit code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = [sys.executable, "-c", "from adapters.cli.app import run; run()"]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def fails(self, code: int, *words: str) -> str:
        """See that it failed in words, not with a traceback; give the words."""
        assert self.code == code, self
        assert "Traceback" not in self.err
        assert self.out == "", self
        for word in words:
            assert word in self.err, self.err
        return self.err


def environment(database: Path | None, **settings: str) -> dict[str, str]:
    """Give an environment with these settings alone, named without their prefix."""
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith("CONVGROUPS_")}
    url = {} if database is None else {"DATABASE_URL": f"sqlite:///{database}"}
    given = {f"CONVGROUPS_{name}": value for name, value in {**url, **settings}.items()}
    return {**inherited, "PYTHONUTF8": "1", **given}


def convgroups(*arguments: str | bytes, database: Path | None = None, **settings: str) -> Ended:
    """Run a command to its end."""
    ended = subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        env=environment(database, **settings),
        timeout=60,
        check=False,
        cwd=None if database is None else database.parent,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@contextmanager
def serving(
    database: Path, *arguments: str, log_format: str = "json", **settings: str
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run `convgroups serve` on a free port; give its address and the process."""
    command = [*PROGRAM, "serve", "--port", "0", *arguments]
    env = environment(database, LOG_FORMAT=log_format, **settings)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield _address(process), process
        finally:
            if process.returncode is None:
                process.terminate()
                process.communicate(timeout=20)


def _address(process: "subprocess.Popen[str]") -> str:
    """Read the log up to the line that tells the address."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"url[\"']?[:=] ?[\"']?(http://[0-9.:\[\]]+)", line)
        if found:
            return found[1]
    raise AssertionError("the service ended before it served")
