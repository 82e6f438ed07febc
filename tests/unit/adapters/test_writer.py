"""The writer: callers share commits, each user's commands keep their order, and whoever waits too long is told so."""

import asyncio
from functools import partial

import pytest

from adapters import writer as module
from adapters.writer import Overloaded, Writer
from domain.ports import Unavailable
from domain.submission import Reply
from tests.unit.adapters.commits import Commits, all_of, command, in_threads, name_of, sent, until, working


def has_begun(commits: Commits, count: int) -> bool:
    return len(commits.begun) == count


pytestmark = pytest.mark.anyio


async def test_commands_that_come_during_a_commit_share_the_next_one(commits: Commits) -> None:
    go_on = commits.hold("first")
    async with working(Writer(in_threads(commits))) as writer:
        first = sent(writer, command("first"))
        await until(lambda: commits.begun)
        others = sent(writer, *(command(f"u{n}", f"g{n}") for n in range(50)))
        await asyncio.sleep(0)
        go_on.set()
        replies = await asyncio.gather(*first, *others)
    assert [len(batch) for batch in commits.begun] == [1, 50]
    assert [name_of(reply) for reply in replies] == ["x", *(f"g{n}" for n in range(50))]


async def test_a_commit_takes_so_many_commands_and_no_more(commits: Commits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.writer.MOST", 20)
    async with working(Writer(in_threads(commits))) as writer:
        await all_of(writer, *(command(f"u{n}") for n in range(50)))
    assert [len(batch) for batch in commits.begun] == [20, 20, 10]


async def test_the_commands_of_one_user_keep_their_order_in_every_lane(
    commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.writer.MOST", 7)
    users, each = ("a", "b", "c"), 40
    async with working(Writer(in_threads(commits, 4))) as writer:
        replies = await all_of(writer, *(command(user, str(n)) for n in range(each) for user in users))
    assert [name_of(reply) for reply in replies if isinstance(reply, Reply)] == [
        str(n) for n in range(each) for _ in users
    ]
    for user in users:
        assert [name for owner, name in commits.done if owner == user] == [str(n) for n in range(each)]


async def test_a_user_whose_commit_is_under_way_waits_while_others_go_on(commits: Commits) -> None:
    go_on = commits.hold("held")
    async with working(Writer(in_threads(commits, 2))) as writer:
        held = sent(writer, command("held", "1"))
        await until(lambda: commits.begun)
        later = sent(writer, command("held", "2"), command("free", "1"), command("held", "3"), command("free", "2"))
        assert [name_of(reply) for reply in await asyncio.gather(later[1], later[3])] == ["1", "2"]
        assert not any(task.done() for task in (*held, later[0], later[2]))
        assert commits.begun == [[("held", "1")], [("free", "1"), ("free", "2")]]
        go_on.set()
        await asyncio.gather(*held, *later)
    assert commits.done[2:] == [("held", "1"), ("held", "2"), ("held", "3")]


async def test_no_more_commits_are_under_way_than_there_are_lanes(commits: Commits) -> None:
    events = [commits.hold(f"held{n}") for n in range(3)]
    async with working(Writer(in_threads(commits, 2))) as writer:
        held: list[asyncio.Task[Reply]] = []
        for n in range(3):
            held += sent(writer, command(f"held{n}"))
            await until(partial(has_begun, commits, min(n + 1, 2)))
        for event in events:
            event.set()
        await asyncio.gather(*held)
    assert len(commits.begun) == 3


async def test_each_lane_takes_its_share_of_all_that_is_there(commits: Commits) -> None:
    first, second = commits.hold("u0"), commits.hold("u4")
    async with working(Writer(in_threads(commits, 2))) as writer:
        begun = sent(writer, *(command(f"u{n}") for n in range(8)))
        await until(partial(has_begun, commits, 2))
        waiting = sent(writer, *(command(f"w{n}") for n in range(8)))
        await asyncio.sleep(0)
        first.set()
        await until(partial(has_begun, commits, 4))
        second.set()
        await asyncio.gather(*begun, *waiting)
    assert [len(batch) for batch in commits.begun] == [4, 4, 6, 2]


async def test_one_command_more_than_there_is_room_for_is_refused_and_not_done(
    commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.writer.ROOM", 3)
    go_on = commits.hold("first")
    async with working(Writer(in_threads(commits))) as writer:
        first = sent(writer, command("first"))
        await until(lambda: commits.begun)
        waiting = sent(writer, *(command("u", str(n)) for n in range(3)))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="3 commands wait already"):
            await writer.carry_out(command("u", "3"))
        go_on.set()
        await asyncio.gather(*first, *waiting)
        await writer.carry_out(command("u", "4"))
    assert [name for user, name in commits.done if user == "u"] == ["0", "1", "2", "4"]


async def test_what_waited_too_long_is_refused_and_nothing_of_it_done(
    commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.writer.LONGEST_WAIT", 0.1)
    go_on = commits.hold("held")
    async with working(Writer(in_threads(commits, 2))) as writer:
        held = sent(writer, command("held", "begun"))
        await until(lambda: commits.begun)
        late = await all_of(writer, command("held", "late"), command("held", "later"))
        assert [type(reply) for reply in late] == [Unavailable, Unavailable]
        assert not held[0].done(), "what has begun is not given up"
        go_on.set()
        assert name_of(await held[0]) == "begun"
        await writer.carry_out(command("held", "next"))
    assert commits.done == [("held", "begun"), ("held", "next")]


async def test_the_commands_of_a_busy_user_wake_no_lane(commits: Commits, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    take = Writer._take

    def counted(writer: Writer) -> list[module._Waiting]:
        taken.append(1)
        return take(writer)

    monkeypatch.setattr(Writer, "_take", counted)
    go_on = commits.hold("held")
    async with working(Writer(in_threads(commits, 2))) as writer:
        held = sent(writer, command("held", "1"))
        await until(lambda: commits.begun)
        before = len(taken)
        later = sent(writer, *(command("held", str(n)) for n in range(100)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(taken) == before
        go_on.set()
        await asyncio.gather(*held, *later)


async def test_a_commit_and_the_queue_are_bounded_by_bytes_too(
    commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.writer.LARGEST_COMMIT", 100)
    monkeypatch.setattr("adapters.writer.LARGEST_QUEUE", 500)
    go_on = commits.hold("first")
    async with working(Writer(in_threads(commits))) as writer:
        first = asyncio.create_task(writer.carry_out(command("first"), 500))
        await until(lambda: commits.begun)
        others = [asyncio.create_task(writer.carry_out(command(f"u{n}"), 50)) for n in range(10)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await writer.carry_out(command("late"), 1)
        go_on.set()
        await asyncio.gather(first, *others)
        await writer.carry_out(command("late"), 500)
    assert [len(batch) for batch in commits.begun] == [1, 2, 2, 2, 2, 2, 1]
