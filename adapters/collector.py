"""Python's search for garbage that refers to itself, told what kind of process this is."""

import gc


def search_seldom() -> None:
    """Search seldom, and never in what there is by now.

    Nearly all that is made here is gone at once, without a search, or is kept for long. By default every few thousand
    new objects begin a search, and a cache of states or a batch of events is searched again and again: it was half of
    what building a view took.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
