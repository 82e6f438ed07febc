"""What kind of process this is: told to Python, and to the system."""

import gc
import os
import sys


def suit_the_interpreter() -> None:
    """Search for garbage seldom, and hand the interpreter over soon.

    Nearly all that is made here is gone at once, without a search, or is kept for long. By default every few thousand
    new objects begin a search, and a cache of states or a batch of events is searched again and again: it was half of
    what building a view took. And the event loop, when it has something to do,
    waits by default for 5 ms, which is longer than a commit takes, until a thread that keeps a view lets it go on.
    """
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)
    sys.setswitchinterval(0.001)


def give_way() -> None:
    """Let other processes have the processor first. On Linux it holds for this thread, and for those it starts."""
    os.nice(10)
