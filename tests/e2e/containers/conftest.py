"""A Docker engine, without which these tests are skipped; with CONVGROUPS_TEST_CONTAINERS=1 they fail then."""

import os
import subprocess

import pytest


@pytest.fixture(scope="session")
def engine() -> None:
    """See that an engine answers, and that it can compose."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            subprocess.run(command, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = f"no containers: `{' '.join(command)}` fails ({error})"
            if os.environ.get("CONVGROUPS_TEST_CONTAINERS") == "1":
                pytest.fail(f"{why} (CONVGROUPS_TEST_CONTAINERS=1)", pytrace=False)
            pytest.skip(why)
