"""What stands in for the service behind a writer, and what sends to the writer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Event

from adapters.writer import Handle, Lanes, Writer
from domain.commands import CreateGroup
from domain.outcomes import Outcome
from domain.submission import Reply, Submission

PATIENCE = 10.0


def command(user: str, name: str = "x") -> Submission:
    return Submission(sdk_app_id=1, user_id=user, command=CreateGroup(group_name=name), actor=user)


def told(submissions: Sequence[Submission]) -> list[tuple[str, str]]:
    return [(one.user_id, one.command.group_name) for one in submissions if isinstance(one.command, CreateGroup)]


class Commits:
    """What carries out commands here: it notes them, and waits in a commit with a user who is held."""

    def __init__(self) -> None:
        self.begun: list[list[tuple[str, str]]] = []
        self.done: list[tuple[str, str]] = []
        self._held: dict[str, Event] = {}
        self._errors: dict[str, Exception] = {}

    def hold(self, user: str) -> Event:
        """Let the commits of this user wait until the event is set."""
        return self._held.setdefault(user, Event())

    def fail(self, user: str, error: Exception) -> None:
        self._errors[user] = error

    def __call__(self, submissions: Sequence[Submission]) -> list[Reply]:
        batch = told(submissions)
        self.begun.append(batch)
        for user, _ in batch:
            if user in self._held:
                assert self._held[user].wait(PATIENCE)
        for user, _ in batch:
            if user in self._errors:
                raise self._errors.pop(user)
        self.done += batch
        return [Reply(Outcome(len(self.done), 1, name)) for _, name in batch]


def in_threads(handle: Callable[[Sequence[Submission]], list[Reply]], lanes: int = 1) -> Lanes:
    """Let what blocks carry out commands, each lane in a thread."""

    @asynccontextmanager
    async def threads() -> AsyncIterator[Sequence[Handle]]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(lanes) as pool:
            yield [lambda submissions: loop.run_in_executor(pool, handle, submissions)] * lanes

    return threads


async def until(true: Callable[[], object]) -> None:
    """Wait until something holds, with a limit."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - it holds by what threads do, or a server
            await asyncio.sleep(0.001)


def name_of(reply: Reply) -> str:
    assert isinstance(reply.result, Outcome)
    return reply.result.group_name


async def all_of(writer: Writer, *submissions: Submission) -> list[Reply | BaseException]:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*map(writer.carry_out, submissions), return_exceptions=True)


def sent(writer: Writer, *submissions: Submission) -> list["asyncio.Task[Reply]"]:
    return [asyncio.create_task(writer.carry_out(one)) for one in submissions]


@asynccontextmanager
async def working(writer: Writer) -> AsyncIterator[Writer]:
    """Let a writer work, and fail where it has not ended in time."""
    async with asyncio.timeout(PATIENCE), writer:
        yield writer
