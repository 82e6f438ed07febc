"""What every service has in common: is there a Docker engine with the image, and what if there is no way at all."""

import gc
import os
import warnings
from typing import NoReturn

import pytest

USED = pytest.StashKey[dict[str, str]]()


def missing(service: str, *reasons: str) -> NoReturn:
    """Skip the test that needs the service; where services are required, as in CI, fail it."""
    text = f"no {service}: {'; '.join(reasons)}"
    if os.environ.get("CONVGROUPS_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{text} (CONVGROUPS_REQUIRE_SERVICES=1)", pytrace=False)
    pytest.skip(text)


def docker_lacks(image: str) -> str | None:
    """Return why testcontainers cannot start the image here, or None if it can; a missing image is pulled."""
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.docker_client import DockerClient

    images = [image] if testcontainers_config.ryuk_disabled else [image, testcontainers_config.ryuk_image]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # docker-py leaves its socket open when nobody answers
        try:
            engine = DockerClient().client
            try:
                for name in (testcontainers_config.hub_image_name_prefix + image for image in images):
                    if not engine.images.list(name=name):
                        engine.images.pull(name)
            finally:
                engine.close()
        except Exception as error:  # noqa: BLE001 - docker-py's own errors and those of requests share no other base
            return f"Docker: {error}"
        finally:
            gc.collect()
    return None


def note_use(config: pytest.Config, service: str, source: str) -> None:
    """Remember which service the tests of this run used, for the summary and for the report of the proofs."""
    config.stash.setdefault(USED, {})[service] = source


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for service, source in config.stash.get(USED, {}).items():
        terminalreporter.write_line(f"{service}: {source}")
