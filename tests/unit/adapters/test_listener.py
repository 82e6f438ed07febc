"""What waits for one reader is bounded: who reads too slowly is let go, and holds nothing."""

import asyncio

import pytest

from adapters.feed.listener import MOST_WAITING, Listener

pytestmark = pytest.mark.anyio


async def test_frames_come_in_order_and_then_the_end() -> None:
    listener = Listener()
    for revision in (1, 2, 3):
        listener.put(revision, b"%d" % revision)
    listener.end()
    assert [await listener.next() for _ in range(4)] == [b"1", b"2", b"3", None]


async def test_a_reader_waits_for_the_next_frame() -> None:
    listener = Listener()
    waiting = asyncio.create_task(listener.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    listener.put(1, b"frame")
    assert await waiting == b"frame"


async def test_a_wait_that_is_given_up_loses_no_frame() -> None:
    listener = Listener()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await listener.next()
    listener.put(1, b"frame")
    assert await listener.next() == b"frame"


async def test_what_the_reader_has_already_is_passed_over() -> None:
    listener = Listener()
    for revision in (3, 5, 6):
        listener.put(revision, b"%d" % revision)
    listener.seen = 5
    listener.put(4, b"late")
    listener.end()
    assert [await listener.next(), await listener.next()] == [b"6", None]


async def test_one_frame_may_always_wait_and_more_up_to_a_size() -> None:
    listener = Listener()
    large = b"x" * MOST_WAITING
    listener.put(1, large + b"y")
    assert await listener.next() == large + b"y"
    listener.put(2, large[1:])
    listener.put(3, b"x")
    assert [len(await listener.next() or b"") for _ in range(2)] == [MOST_WAITING - 1, 1]


async def test_a_reader_for_whom_too_much_waits_is_let_go_at_once_and_nothing_is_held_for_it() -> None:
    listener = Listener()
    listener.put(1, b"x" * MOST_WAITING)
    listener.put(2, b"x")
    listener.put(3, b"x")
    assert await listener.next() is None
