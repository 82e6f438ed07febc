"""A real browser: Debian's Chromium, without a window."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.services.provision import missing, note_use

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """Give the browser that is installed; each of its contexts is as a browser of its own.

    Its driver has an event loop in this thread, and so it ends with the module: other tests have their own.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing("browser", f"none of {', '.join(PROGRAMS)} is installed")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to have one as root
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=sandbox)
        except Error as error:
            missing("browser", f"{program} does not start: {error.message.splitlines()[0]}")
        note_use(pytestconfig, "Chromium", browser.version)
        yield browser
        browser.close()
