"""Runs anybody's handler through what Kafka does to consumers, and says what it gets wrong.

`python -m convgroups_client.conformance MODULE:NAME`, where NAME is a function that is given a folder for whatever the
handler keeps, and gives a `Subject`. Given the same folder again, it is what comes after a restart.
"""

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple, Protocol

from convgroups_client.events import Event
from convgroups_client.story import USERS, something_new, story

MOST_CRASHES: Final = 500
"""For one event; a handler with more lines than that is tried at the first so many."""


class Subject(Protocol):
    """A handler, and how to see what it did."""

    def handle(self, event: Event) -> object:
        """Take in an event, as the consumer's handler does."""
        ...

    def state(self) -> Any:
        """Give what all events so far came to, to be compared with `==`."""
        ...


Fresh = Callable[[Path], Subject]


class Finding(NamedTuple):
    """What a handler gets wrong."""

    trial: str
    what: str


def check(fresh: Fresh) -> list[Finding]:
    """Try a handler; nothing is found wrong with a good one."""
    events = story()
    try:
        expected = _state_after(fresh, lambda subject, _: _handle_all(subject, events))
    except Exception as failure:  # noqa: BLE001 - whatever the handler raises
        return [Finding("plain", f"It fails where every event comes once and in order: {failure!r}")]
    return [
        Finding(trial, f"{what} {wrong}")
        for trial, what, run in _TRIALS
        if (wrong := _wrong(fresh, run, events, expected)) is not None
    ]


Trial = Callable[[Fresh, Path, Sequence[Event]], Subject]


def _twice(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    return _handle_all(fresh(folder), [event for event in events for _ in range(2)])


def _from_an_older_offset(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    middle = len(events) // 2
    return _handle_all(fresh(folder), [*events, *events[middle:], *events])


def _restarted(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    subject = fresh(folder)
    for event in events:
        subject.handle(event)
        subject = fresh(folder)
        subject.handle(event)  # its offset was not committed yet
    return subject


def _user_by_user(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    subject = fresh(folder)
    for own in _by_user(events):
        _handle_all(subject, own)
    return subject


def _side_by_side(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    subject = fresh(folder)
    with ThreadPoolExecutor(len(USERS)) as threads:
        for done in [threads.submit(_handle_all, subject, own) for own in _by_user(events)]:
            done.result()
    return subject


def _moved_to_another(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    former, latter = fresh(folder), fresh(folder)
    third = len(events) // 3
    _handle_all(former, events[: 2 * third])
    return _handle_all(latter, events[third:])  # what the former did not get to commit comes again


def _crashed(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    first, *others = _by_user(events)
    for event in first:  # of one user: behind each line a process ends
        lines = 1
        while lines < MOST_CRASHES and _crashes(fresh, folder, event, lines):
            lines += 1
    subject = fresh(folder)
    for own in others:
        _handle_all(subject, own)
    return subject


def _something_new(fresh: Fresh, folder: Path, events: Sequence[Event]) -> Subject:
    subject = fresh(folder)
    half = len(events) // 2
    _handle_all(subject, events[:half])
    before = subject.state()
    subject.handle(something_new())
    if subject.state() != before:
        raise ValueError("what it does not know changed what it made")
    return _handle_all(subject, events[half:])


_TRIALS: Final[list[tuple[str, str, Trial]]] = [
    ("doubles", "An event that comes twice, as after a crash before its offset was committed, counts twice:", _twice),
    ("older offset", "Events that come again from an older offset count again:", _from_an_older_offset),
    ("restarts", "What it made does not survive a restart:", _restarted),
    ("other order", "It depends on the order of the events of different users:", _user_by_user),
    ("side by side", "It cannot handle several users at once:", _side_by_side),
    ("rebalance", "Events that a former owner of the partition handled count again:", _moved_to_another),
    ("crashes", "A crash in the handler leaves half of an effect, or doubles it when the event comes again:", _crashed),
    ("new types", "An event of a type that came later disturbs it:", _something_new),
]


def _wrong(fresh: Fresh, trial: Trial, events: Sequence[Event], expected: Any) -> str | None:
    try:
        state = _state_after(fresh, lambda _, folder: trial(fresh, folder, events))
    except Exception as failure:  # noqa: BLE001 - whatever the handler raises
        return f"it raises {failure!r}"
    return None if state == expected else f"it came to {state!r}, and not to {expected!r}"


def _state_after(fresh: Fresh, run: Callable[[Subject, Path], Subject]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return run(fresh(Path(folder)), Path(folder)).state()


def _handle_all(subject: Subject, events: Iterable[Event]) -> Subject:
    for event in events:
        subject.handle(event)
    return subject


def _by_user(events: Sequence[Event]) -> Iterator[list[Event]]:
    return ([event for event in events if event.user_id == user] for user in USERS)


def _crashes(fresh: Fresh, folder: Path, event: Event, lines: int) -> bool:
    """Hand over an event in a process that ends behind so many lines of the handler; tell whether there are as many."""
    left = lines

    def trace(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal left
        if what == "line" and not frame.f_code.co_filename.startswith(_LIBRARY):
            left -= 1
            if left == 0:
                os._exit(_CRASHED)
        return trace

    child = os.fork()
    if child == 0:
        try:
            subject = fresh(folder)
            sys.settrace(trace)
            subject.handle(event)
            sys.settrace(None)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - whatever the handler raises
            os._exit(1)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended not in (0, _CRASHED):
        raise RuntimeError(f"it fails when {event.type} comes again after a crash behind {lines - 1} lines of it")
    return ended == _CRASHED


_CRASHED: Final = 9
_LIBRARY: Final = (str(Path(tempfile.__file__).parent), "<frozen")


def main() -> int:
    """Check the handler that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m convgroups_client.conformance")
    parser.add_argument("subject", metavar="MODULE:NAME")
    module, colon, name = parser.parse_args().subject.partition(":")
    if not colon:
        parser.error("name the function that gives the subject, as MODULE:NAME")
    sys.path.insert(0, "")
    findings = check(getattr(importlib.import_module(module), name))
    for trial, what in findings:
        print(f"✗ {trial}: {what}")  # noqa: T201 - it is what the program is for
    wrong = {finding.trial for finding in findings}
    for trial, _, _ in _TRIALS if "plain" not in wrong else ():
        if trial not in wrong:
            print(f"✓ {trial}")  # noqa: T201 - it is what the program is for
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
