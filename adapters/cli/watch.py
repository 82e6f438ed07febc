"""The live feed over interruptions: nothing of it is lost, and nothing told twice."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from random import uniform
from time import sleep
from typing import Final

from adapters.cli.callers import Told
from domain.ports import Unavailable

Listen = Callable[[str | None], AbstractContextManager[Iterator[Told]]]
"""Listens behind a cursor: see `Caller.listen`."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
"""Seconds before it is tried again: each time twice as long."""

ENDED: Final = "the other side ended the feed"


def over_interruptions(listen: Listen, cursor: str | None, say: Callable[[str], None]) -> Iterator[Told]:
    """Tell the feed from a cursor on; whatever interrupts it is waited for, and `say` is told so.

    At first nothing is waited for: whoever is not there then is most likely not the right one. Raises `Unavailable`
    then, and `Refused` at any time.
    """
    heard = False
    waiting = False
    pause = FIRST_PAUSE
    while True:
        try:
            with listen(cursor) as frames:
                if waiting:
                    say("going on")
                heard, waiting, pause = True, False, FIRST_PAUSE
                for told in frames:
                    cursor = told.cursor
                    yield told
            reason = ENDED
        except Unavailable as away:
            if not heard:
                raise
            reason = str(away)
        if not waiting:
            say(f"waiting: {reason.removesuffix('.')}. What happens meanwhile is told later")
        waiting = True
        sleep(uniform(pause / 2, pause))  # noqa: S311 - so that not all who lost it come back at once
        pause = min(2 * pause, LONGEST_PAUSE)
