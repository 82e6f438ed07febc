"""This service, in process: commands from asyncio tasks through the one writer, and views built from its log.

Each command comes as its JSON with an idempotency key of its own, is validated, decided and made durable together with
the outcome that is kept for its key.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from typing import Any

import uvloop

from adapters.given import DEFAULT_APP
from adapters.interpreter import suit_the_interpreter
from adapters.settings import Settings
from adapters.stores import Store, open_store_to_write
from adapters.writer import Writer
from benchmarks.commands import EVENTS, command_json, user_id
from benchmarks.protocol import answer_requests, tell_begin
from domain.commands import parse_command
from domain.outcomes import Outcome
from domain.states import States
from domain.submission import Reply, Submission
from projections.follower import Follower

USERS = int(os.environ.get("BENCH_USERS", "5000"))
AT_ONCE = 1_000
"""Commands in one commit of the seed."""


def settings() -> Settings:
    """Say where this peer's log is."""
    if os.environ.get("BENCH_STORE") == "sqlite":
        return Settings(database_url=f"sqlite:///{Path(os.environ['BENCH_FOLDER'], 'ours.db')}")
    user, host, port, name = (os.environ[name] for name in ("PGUSER", "PGHOST", "PGPORT", "PGDATABASE"))
    return Settings(database_url=f"postgresql://{user}@{host}:{port}/{name}")


def submission(user: int, n: int) -> Submission:
    """Read the nth command of a user, as a caller sends it."""
    return Submission(
        sdk_app_id=DEFAULT_APP,
        user_id=user_id(user),
        actor=user_id(user),
        key=f"{user_id(user)}-{n}",
        command=parse_command.validate_json(command_json(user, n), by_alias=True, by_name=False),
    )


def check_reply(reply: Reply) -> None:
    """Refuse to count what was not carried out, or recorded more or less than one event."""
    assert isinstance(reply.result, Outcome), reply
    assert len(reply.result.events) == 1, reply
    assert not reply.replayed, reply


def seed(store: Store, users: range) -> int:
    """Give the users their histories, through the service, many commands in a commit."""
    commands = (submission(user, n) for user in users for n in range(EVENTS))
    while batch := list(islice(commands, AT_ONCE)):
        for reply in store.groups.handle(batch):
            check_reply(reply)
    return len(users) * EVENTS


def turns(users: range) -> Iterator[tuple[int, int]]:
    """Give one user after the other, each with the number of the next command, for ever."""
    return ((user, n) for n in count(EVENTS) for user in users)


class Ours:
    """Answers for one store. Four times as many users as a peer has are there: most of them are always first seen."""

    def __init__(self, stack: ExitStack) -> None:
        self.store = stack.enter_context(open_store_to_write(settings()))
        self.users = {"known": range(USERS), "first seen": range(USERS, 4 * USERS)}
        self.turns = {case: turns(users) for case, users in self.users.items()}

    def seed(self) -> dict[str, Any]:
        return {"events": sum(seed(self.store, users) for users in self.users.values())}

    def run(self, case: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
        known = self.store.groups._states
        if case == "first seen":
            self.store.groups._states = States(0)  # nobody is remembered
        try:
            return uvloop.run(self._run(case, callers, warm, seconds))
        finally:
            self.store.groups._states = known

    async def _run(self, case: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
        counted = total = 0
        begin = time.perf_counter() + warm
        end, last = begin + seconds, begin

        async def caller(writer: Writer) -> None:
            nonlocal counted, total, last
            while (now := time.perf_counter()) < end:
                check_reply(await writer.carry_out(submission(*next(self.turns[case]))))
                total += 1
                if now >= begin:
                    counted += 1
                    last = time.perf_counter()

        async with Writer(self.store.lanes) as writer, asyncio.TaskGroup() as tasks:
            for _ in range(callers):
                tasks.create_task(caller(writer))
            await asyncio.sleep(begin - time.perf_counter())
            tell_begin()
        return {"count": counted, "seconds": last - begin, "total": total}

    def rebuild(self, case: str) -> dict[str, float]:
        """Empty a view and build it anew from the log."""
        view = self.store.views[case]
        view.clear()
        if self.store.leases is not None:
            self.store.leases.lease(case).hold()
        begin = time.perf_counter()
        handled = Follower(case, self.store.log, view).catch_up()
        return {"count": handled, "seconds": time.perf_counter() - begin}

    def check(self) -> dict[str, Any]:
        head = self.store.log.head()
        [newest] = self.store.log.read(head - 1, 1)
        return {"events": head, "bytes": len(newest.event.to_json())}


def main() -> None:
    """Answer until there are no more requests."""
    suit_the_interpreter()
    with ExitStack() as stack:
        ours = Ours(stack)
        answer_requests({"seed": ours.seed, "run": ours.run, "rebuild": ours.rebuild, "check": ours.check})


if __name__ == "__main__":
    main()
