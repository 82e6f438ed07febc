"""Of several commits under way one at a time is decided."""

import asyncio

import pytest

from adapters.store.memory import environment
from domain.at_once import AtOnce
from domain.commands import CreateGroup
from domain.limits import Policy
from domain.outcomes import Outcome
from domain.service import ConversationGroups
from tests.contract.stores import submission

pytestmark = pytest.mark.anyio


async def test_a_commit_is_decided_when_it_has_its_turn_and_leaves_it_then() -> None:
    decided: list[int] = []

    def policy_of(app: int) -> Policy:
        decided.append(app)
        return Policy()

    turn = asyncio.Lock()
    with ConversationGroups(environment(), policy_of=policy_of) as groups:
        recorder = AtOnce(groups._recorder)
        async with turn:
            task = asyncio.create_task(groups.handle_with(recorder, turn, [submission(CreateGroup(group_name="One"))]))
            for _ in range(10):
                await asyncio.sleep(0)
            assert (decided, task.done()) == ([], False)
        (reply,) = await task
        assert isinstance(reply.result, Outcome)
        assert (len(decided), turn.locked()) == (1, False)
