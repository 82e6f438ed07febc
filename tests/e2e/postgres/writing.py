"""Processes that write the log as fast as they can, with the service's own code and without HTTP."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path

from adapters.settings import Settings
from adapters.stores import open_store
from adapters.writer import Writer
from domain.commands import AddConversations, Command, CreateGroup, RemoveConversations
from domain.outcomes import Outcome
from domain.submission import Submission

AT_ONCE = 1000
"""How many callers a process has: each sends its next command when the one before is answered."""

APP = 1400000000


def command(user: int, turn: int) -> Command:
    """Give a caller's next command: one event each, and the groups stay as small as they are."""
    if turn == 0:
        return CreateGroup(group_name="group", conversation_ids=())
    conversation = (f"C2Ccontact-{(turn - 1) // 2 % 7}",)
    change = AddConversations if turn % 2 else RemoveConversations
    return change(group_name="group", conversation_ids=conversation)


def write(
    url: str, number: int, events: int, keys: bool, rss: dict[int, int] | None = None, most: int | None = None
) -> None:
    """Record so many events, at `most` so many for a user, and note in `rss` this process's memory after so many."""
    with open_store(Settings(database_url=url)) as store:
        asyncio.run(_write(Writer(store.lanes), number, events, keys, rss, most or events))


async def _write(writer: Writer, number: int, events: int, keys: bool, rss: dict[int, int] | None, most: int) -> None:
    done = count(1)
    reached = 0

    async def call(caller: int) -> None:
        nonlocal reached
        for life, turn in (divmod(place, most) for place in range(events // AT_ONCE)):
            user = f"user-{number}-{caller}-{life}"
            key = f"{turn}" if keys else None
            sent = Submission(
                sdk_app_id=APP, user_id=user, command=command(caller, turn), actor=user, device="phone", key=key
            )
            reply = await writer.carry_out(sent)
            assert isinstance(reply.result, Outcome), reply
            assert reply.result.revision == turn + 1
            reached = next(done)
            if rss is not None and reached in rss:
                rss[reached] = resident()

    async with writer, asyncio.TaskGroup() as callers:
        for caller in range(AT_ONCE):
            callers.create_task(call(caller))
    assert reached == events // AT_ONCE * AT_ONCE


def resident() -> int:
    """Give the memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@contextmanager
def writing(url: str, processes: int, events: int, *, keys: bool = False) -> Iterator[list[SpawnProcess]]:
    """Let processes write so many events each, of users of their own; all must have succeeded in the end."""
    context = get_context("spawn")
    started = [
        context.Process(target=write, args=(url, number, events, keys), daemon=True) for number in range(processes)
    ]
    for process in started:
        process.start()
    try:
        yield started
        for process in started:
            process.join()
        assert {process.exitcode for process in started} == {0}
    finally:
        for process in started:
            process.kill()
            process.join()
            process.close()
    sys.stdout.flush()
