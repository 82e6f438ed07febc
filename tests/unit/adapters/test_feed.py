"""The live feed: nothing lost and nothing doubled, from wherever a reader comes."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import pytest

from adapters.feed import feed as module
from adapters.feed.frames import encode
from adapters.feed.missed import Missed
from domain.commands import DeleteGroup, RenameGroup
from domain.ports import Unavailable
from domain.stored import UnreadableEvent
from tests.unit.adapters.commits import until
from tests.unit.adapters.feeding import ALICE, World, told

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    async with made.feed:
        yield made


async def test_a_reader_who_knows_nothing_begins_with_everything_and_is_told_what_follows(world: World) -> None:
    world.create("A")
    async with world.reader() as reader:
        [first] = await reader.missed()
        world.create("B")
        following = await reader.next()
    assert (first.kind, first.revision, first.cursor) == ("snapshot", 2, world.cursor(2))
    assert [group["groupName"] for group in first.data["groups"]] == ["A"]
    assert following is not None
    assert (following.kind, following.revision, following.cursor) == ("change", 4, world.cursor(4))
    assert following.data["notifications"][0] == {"name": "onConversationGroupListUpdated", "data": ["A", "B"]}


async def test_a_reader_who_missed_nothing_is_told_what_follows(world: World) -> None:
    world.create("A")
    async with world.reader(world.cursor(2)) as reader:
        assert await reader.missed() == []
        world.create("B")
        following = await reader.next()
    assert following is not None
    assert following.revision == 4


@pytest.mark.parametrize("seen", [0, 2, 4, 5])
async def test_a_reader_is_told_each_command_that_it_missed_with_the_groups_as_they_were_then(
    world: World, seen: int
) -> None:
    world.create("A", "B")
    world.send(RenameGroup(group_name="A", new_name="C"), DeleteGroup(group_name="B"))
    async with world.reader(world.cursor(seen)) as reader:
        missed = await reader.missed()
    assert [(frame.kind, frame.revision) for frame in missed] == [
        ("change", revision) for revision in (2, 4, 5, 6) if revision > seen
    ]
    lists = [frame.data["notifications"][0]["data"] for frame in missed]
    assert lists == [["A"], ["A", "B"], ["C", "B"], ["C"]][-len(lists) :]


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", f"{uuid4().hex}-1", "{log}-3", "{log}--1", "{log}-01-1", "{log}-9" * 9]
)
async def test_a_cursor_that_cannot_be_gone_on_from_begins_anew(world: World, cursor: str) -> None:
    world.create("A")
    async with world.reader(cursor.format(log=world.log.log_id().hex)) as reader:
        [first] = await reader.missed()
    assert (first.kind, first.revision) == ("snapshot", 2)


async def test_a_reader_whose_groups_would_take_too_long_to_make_begins_anew() -> None:
    world = World(depth=6)
    async with world.feed:
        world.create(*"ABCDE")
        async with world.reader(world.cursor(8)) as reader:
            assert [frame.kind for frame in await reader.missed()] == ["snapshot"]
        async with world.reader(world.cursor(6)) as reader:
            assert [frame.kind for frame in await reader.missed()] == ["change"] * 2


async def test_a_reader_too_far_behind_begins_anew_and_one_not_that_far_is_told_each_command() -> None:
    world = World(depth=6)
    async with world.feed:
        world.create("A", "B", "C", "D")
        async with world.reader(world.cursor(1)) as reader:
            assert [frame.kind for frame in await reader.missed()] == ["snapshot"]
        async with world.reader(world.cursor(2)) as reader:
            assert [frame.kind for frame in await reader.missed()] == ["change"] * 3


async def test_what_is_missed_is_read_in_pages_and_told_without_a_gap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.feed.missed.PAGE", 5)
    world.create(*(str(n) for n in range(20)))
    async with world.reader(world.cursor(2)) as reader:
        assert [frame.revision for frame in await reader.missed()] == list(range(4, 41, 2))


async def test_no_more_than_a_bound_is_made_at_once_for_one_reader(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.feed.missed.MOST_WAITING", 10)
    world.create("A", "B", "C")
    missed = Missed(world.log, world.log.log_id(), world, ALICE, world.cursor(0), depth=10)
    page = partial(missed.page, partial(encode, log_id=world.log.log_id()))
    assert [[told(frame).revision for frame in page()] for _ in range(4)] == [[2], [4], [6], []]


@pytest.mark.parametrize("moment", ["before", "meanwhile"])
async def test_what_is_recorded_while_a_reader_comes_is_told_once(world: World, moment: str) -> None:
    world.create("A")
    setattr(world, moment, lambda: world.create_and_see_it_followed("B"))
    async with world.reader() as reader:
        [first] = await reader.missed()
        world.create("C")
        others = [await reader.next() for _ in range(1 if moment == "before" else 2)]
    assert [first.revision, *(frame.revision for frame in others if frame)] == (
        [4, 6] if moment == "before" else [2, 4, 6]
    )


async def test_a_command_that_lies_across_two_readings_is_one_frame(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    async with world.reader() as reader:
        await reader.missed()
        world.create("A", "B", "C")
        frames = [await reader.next() for _ in range(3)]
    assert [(frame.revision, len(frame.data["notifications"])) for frame in frames if frame] == [(2, 2), (4, 2), (6, 2)]


async def test_what_is_recorded_while_a_reader_is_told_what_it_missed_is_told_once(world: World) -> None:
    world.create("A", "B")
    async with world.reader(world.cursor(0)) as other, world.reader(world.cursor(2)) as reader:
        world.create("C")
        assert (await other.next()) is not None, "the feed has come past it"
        missed = [frame.revision for frame in await reader.missed()]
        world.create("D")
        last = await reader.next()
        assert missed[0] == 4
        assert last is not None
        assert [*missed, last.revision] in ([4, 6, 8], [4, 6])
        if last.revision == 6:
            following = await reader.next()
            assert following is not None
            assert following.revision == 8


async def test_readers_who_come_at_the_same_revision_share_one_snapshot(world: World) -> None:
    world.create("A")
    async with world.reader() as phone, world.reader() as tablet:
        frames = [frame for reader in (phone, tablet) async for frame in reader.reader.missed]
        assert frames[0] is frames[1]
        world.create("B")
        await phone.next()
        async with world.reader() as late:
            [first] = await late.missed()
    assert first.revision == 4


async def test_so_many_devices_of_one_user_are_served_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEVICES", 2)
    async with world.reader(), world.reader():
        with pytest.raises(Unavailable, match="2 readers"):
            async with world.reader():
                pass
        async with world.reader(user="bob") as bob:
            assert [frame.kind for frame in await bob.missed()] == ["snapshot"]
    async with world.reader() as again:
        assert [frame.kind for frame in await again.missed()] == ["snapshot"]


async def test_all_devices_of_a_user_are_told_and_nobody_else(world: World) -> None:
    async with world.reader() as phone, world.reader() as tablet, world.reader(user="bob") as bob:
        for reader in (phone, tablet, bob):
            await reader.missed()
        world.create("A")
        world.create("B", user="bob")
        frames = [await phone.next(), await tablet.next(), await bob.next()]
    assert [frame.data["notifications"][0]["data"] for frame in frames if frame] == [["A"], ["A"], ["B"]]


async def test_a_second_device_that_comes_later_is_told_from_where_it_is(world: World) -> None:
    async with world.reader() as phone:
        await phone.missed()
        world.create("A")
        await phone.next()
        async with world.reader(world.cursor(0)) as tablet:
            assert [frame.revision for frame in await tablet.missed()] == [2]
            world.create("B")
            frames = [await phone.next(), await tablet.next()]
    assert [frame.revision for frame in frames if frame] == [4, 4]


async def test_the_log_is_not_read_while_nobody_listens(world: World) -> None:
    world.create("A")
    async with world.reader() as reader:
        await reader.missed()
    await until(lambda: not world.feed._follows.is_set())
    reads = world.log.reads
    world.create("B")
    await asyncio.sleep(2 * module.LOOK_AGAIN)
    assert world.log.reads == reads > 0
    async with world.reader() as reader:
        [first] = await reader.missed()
    assert first.revision == 4


async def test_what_another_process_recorded_is_told_without_being_woken(world: World) -> None:
    world.groups.listeners.clear()
    async with world.reader() as reader:
        await reader.missed()
        world.create("A")
        frame = await reader.next()
    assert frame is not None
    assert frame.revision == 2


async def test_a_log_that_does_not_answer_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    async with world.reader() as reader:
        await reader.missed()
        world.log.failing = Unavailable("away")
        world.create("A")
        reads = world.log.reads
        await until(lambda: world.log.reads > reads + 2)
        world.log.failing = None
        frame = await reader.next()
    assert frame is not None
    assert frame.revision == 2


async def test_a_reader_who_comes_while_the_log_is_away_is_told_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    world.log.failing = Unavailable("away")
    with pytest.raises(Unavailable, match="does not answer"):
        async with world.reader():
            pass
    assert world.feed.readers == 0


@pytest.mark.parametrize("error", [UnreadableEvent("broken"), KeyError("broken")])
async def test_what_cannot_be_gone_on_from_stops_the_feed_and_lets_all_go(world: World, error: Exception) -> None:
    async with world.reader() as reader:
        await reader.missed()
        world.log.failing = error
        world.create("A")
        assert await reader.next() is None
        assert world.feed.stopped_by is error
        with pytest.raises(Unavailable, match="broken"):
            async with world.reader():
                pass


async def test_a_log_that_was_put_back_to_an_older_state_lets_its_readers_begin_anew(world: World) -> None:
    world.create("A", "B")
    async with world.reader() as reader:
        await reader.missed()
        [channel] = world.feed._channels.values()
        [*_, last] = world.log.read_user(ALICE, after=0)
        channel.tell([last.event.model_copy(update={"revision": 9})])
        assert await reader.next() is None


async def test_the_end_of_the_service_lets_all_readers_go() -> None:
    world = World()
    async with world.feed, world.reader() as reader:
        await reader.missed()
        await world.feed.__aexit__(None, None, None)
        assert await reader.next() is None
