"""Code that awaits runs to its end without an event loop, unless it would have to wait."""

import asyncio

import pytest

from domain.at_once import at_once


def test_it_gives_what_the_coroutine_comes_to_and_lets_nobody_go_first() -> None:
    async def polite() -> str:
        await asyncio.sleep(0)
        return "done"

    assert at_once(polite()) == "done"


def test_what_would_have_to_wait_is_refused() -> None:
    async def waits() -> None:
        await asyncio.Future(loop=loop)

    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(RuntimeError, match="no event loop to wait for"):
            at_once(waits())
    finally:
        loop.close()


def test_what_it_raises_is_raised() -> None:
    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        at_once(fails())
