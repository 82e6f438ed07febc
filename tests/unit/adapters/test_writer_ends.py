"""The writer when something ends: a commit with an error, a caller, or the writer itself."""

import asyncio

import pytest

from adapters.writer import Writer
from domain.ports import Unavailable
from domain.submission import Reply
from tests.unit.adapters.commits import Commits, all_of, command, in_threads, name_of, sent, until, working

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("error", [Unavailable("the database is away"), ZeroDivisionError("a fault")])
async def test_an_error_of_a_commit_reaches_its_commands_and_no_other(commits: Commits, error: Exception) -> None:
    go_on = commits.hold("first")
    async with working(Writer(in_threads(commits))) as writer:
        first = sent(writer, command("first"))
        await until(lambda: commits.begun)
        commits.fail("bad", error)
        broken = sent(writer, command("bad"), command("beside"))
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(*broken, return_exceptions=True) == [error, error]
        assert [name_of(reply) for reply in await asyncio.gather(*first)] == ["x"]
        assert name_of(await writer.carry_out(command("bad", "again"))) == "again"
    assert commits.done == [("first", "x"), ("bad", "again")]


async def test_a_caller_who_goes_disturbs_nobody(commits: Commits) -> None:
    go_on = commits.hold("held")
    async with working(Writer(in_threads(commits))) as writer:
        under_way = sent(writer, command("held", "1"), command("beside", "1"))
        await until(lambda: commits.begun)
        waiting = sent(writer, command("held", "2"), command("beside", "2"))
        await asyncio.sleep(0)
        for gone in (under_way[0], waiting[0]):
            gone.cancel()
        await asyncio.wait([under_way[0], waiting[0]])
        go_on.set()
        assert [name_of(reply) for reply in await asyncio.gather(under_way[1], waiting[1])] == ["1", "2"]
        assert name_of(await writer.carry_out(command("held", "3"))) == "3"


async def test_callers_who_went_before_an_error_disturb_nobody(commits: Commits) -> None:
    go_on = commits.hold("held")
    commits.fail("held", ZeroDivisionError())
    async with working(Writer(in_threads(commits))) as writer:
        gone, stays = sent(writer, command("held"), command("beside"))
        await until(lambda: commits.begun)
        gone.cancel()
        go_on.set()
        with pytest.raises(ZeroDivisionError):
            await stays
        assert name_of(await writer.carry_out(command("held", "next"))) == "next"


async def test_closing_carries_out_what_waits_and_refuses_what_comes(commits: Commits) -> None:
    go_on = commits.hold("held")
    writer = await Writer(in_threads(commits, 2)).__aenter__()
    tasks = sent(writer, command("held", "1"))
    await until(lambda: commits.begun)
    tasks += sent(writer, command("held", "2"), command("free", "1"), command("held", "3"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(writer.__aexit__(None, None, None))
    await until(lambda: len(commits.done) == 1)
    with pytest.raises(Unavailable, match="about to end"):
        await writer.carry_out(command("free", "2"))
    assert not closing.done()
    go_on.set()
    async with asyncio.timeout(10):
        assert [name_of(reply) for reply in await asyncio.gather(*tasks)] == ["1", "2", "1", "3"]
        await closing
    assert [name for user, name in commits.done if user == "held"] == ["1", "2", "3"]


async def test_closing_without_anything_to_do_ends_at_once(commits: Commits) -> None:
    async with asyncio.timeout(5):
        async with working(Writer(in_threads(commits, 2))):
            pass
        async with working(Writer(in_threads(commits, 2))) as writer:
            await all_of(writer, command("a"))
    assert commits.done == [("a", "x")]


async def test_replies_that_do_not_match_the_commands_answer_nobody_wrongly() -> None:
    async with Writer(in_threads(lambda _: list[Reply]())) as writer:
        [answer] = await all_of(writer, command("a"))
        assert isinstance(answer, ValueError)
        [answer] = await all_of(writer, command("a"))
        assert isinstance(answer, ValueError)


async def test_who_waits_for_a_lane_that_is_cancelled_is_told_and_the_user_can_go_on(commits: Commits) -> None:
    go_on = commits.hold("held")
    writer = await Writer(in_threads(commits, 2)).__aenter__()
    [held] = sent(writer, command("held", "1"))
    await until(lambda: commits.begun)
    for lane in writer._tasks:
        lane.cancel()
    with pytest.raises(Unavailable, match="in the middle"):
        await held
    assert not writer._busy
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writer.__aexit__(None, None, None)
