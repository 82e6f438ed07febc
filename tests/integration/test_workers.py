"""Workers, apart from what they serve."""

import subprocess
import sys

ASKED_TO_END_AFTER_THE_SECOND_START = """
import sys, time
from functools import partial
from adapters.workers import Workers

start, started = Workers._start, []

def start_or_end(self, part, work):
    process = start(self, part, work)
    started.append(process)
    if len(started) == 2:
        sys.exit(0)
    return process

Workers._start = start_or_end
try:
    with Workers(3 * [("sleeps", partial(time.sleep, 600))]):
        pass
finally:
    print(*(process.pid for process in started))
"""


def test_asked_to_end_before_all_workers_are_started_it_ends_those_that_are() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ASKED_TO_END_AFTER_THE_SECOND_START],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout.split()) == 2
