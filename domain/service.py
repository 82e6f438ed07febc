"""The application service: load, decide, save. Many commands may share one commit; each gets its own reply."""

from asyncio import sleep
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.utils import Environment, EnvType

from domain.at_once import AtOnce, at_once
from domain.batch import Batch, Rules, UserCommands
from domain.groups import UserConversationGroups
from domain.ids import random_ids
from domain.limits import Policy
from domain.loading import NOTHING, Loaded, as_of, brought_forward, loaded, read, replayed
from domain.outcomes import Outcome
from domain.ports import AsyncRecorder, Recorder, Stale, Unavailable
from domain.states import States
from domain.stored import CannotGoOn
from domain.submission import Reply, Submission

DEFAULT_POLICY = Policy()
"""What holds for an app of which nothing is said."""

REMEMBERED = 500_000
"""How many users, groups and conversations are kept at hand: 100 to 200 MB when all of them are."""

ROUNDS = 100
"""How often commands are decided anew before they are given up: with a dozen processes at one user it takes a few."""

USERS_IN_A_ROW = 100
"""For how many is decided before others go first: a matter of a few milliseconds."""

Turn = AbstractAsyncContextManager[None]
"""Held by the one of several commits under way that is decided."""


def _now() -> datetime:
    return datetime.now(UTC)


class ConversationGroups(Application[UUID]):
    """Carries out commands on the log that `env` names (see `eventsourcing`'s `Application`); safe for threads."""

    name = "conversation-groups"

    def __init__(
        self,
        env: EnvType,
        *,
        policy_of: Callable[[int], Policy] = lambda _: DEFAULT_POLICY,
        keep_outcomes_for: timedelta = timedelta(days=7),
        remembered: int = REMEMBERED,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(env)
        self.policy_of = policy_of
        self.listeners: list[Callable[[int], None]] = []
        """Called after each commit with the number of events that it recorded; must not raise."""

        self._keep_outcomes_for = keep_outcomes_for
        self._clock = clock
        self._states = States(remembered)

    def handle(self, submissions: Sequence[Submission]) -> list[Reply]:
        """Carry out commands in one durable commit, those of one user in the order given.

        What goes wrong with one command is its own reply and disturbs no other. Raises `Unavailable` where the store
        does not answer: most likely none is done then; sent again with the same key, each is done once.
        """
        return at_once(self.handle_with(AtOnce(self._recorder), nullcontext(), submissions))

    async def handle_with(self, recorder: AsyncRecorder, turn: Turn, submissions: Sequence[Submission]) -> list[Reply]:
        """Do what `handle` does, and let others go on while `recorder` is at work.

        Of several commits one at a time has its `turn` to be decided: side by side each would be ready as late as the
        last, and the recorder would have nothing to do till then.
        """
        try:
            batch = await self._decide_and_record(recorder, turn, submissions)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the store refuses something in there, and may not say what
            return [Reply(error)] if len(submissions) == 1 else await self._one_by_one(recorder, turn, submissions)
        self._states.put((stream, user.state) for stream, user in batch.readable())
        if recorded := sum(len(user.events) for user in batch.users.values()):
            for listener in self.listeners:
                listener(recorded)
        return batch.replies()

    def dry_run(self, submission: Submission) -> Outcome:
        """Tell what a command would do now, and do nothing; raises the `Refusal` that it would meet."""
        user = UserCommands()
        user.begin(self.state_of(submission.stream))
        outcome = user.carry_out(submission, random_ids(1)[0], self._rules())
        return replace(outcome, events=tuple(replace(recorded, event_id=None) for recorded in outcome.events))

    def prune(self) -> int:
        """Drop some of the outcomes that are kept no longer, and tell how many; raises `Unavailable`."""
        return self._recorder.prune(self._clock() - self._keep_outcomes_for)

    def state_of(self, stream: UUID) -> UserConversationGroups:
        """Give one user's groups as they are now; raises `CannotGoOn` at an event that cannot be read."""
        return _readable(self._as_recorded([stream])[stream])

    def state_at(self, stream: UUID, revision: int, most: int) -> UserConversationGroups | None:
        """Give one user's groups as they were at a revision; raises as `state_of` does.

        None where no snapshot is near, and more than `most` events would have to be read.
        """
        state = at_once(as_of(AtOnce(self._recorder), {stream: revision}, most)).get(stream)
        return None if state is None else _readable(state)

    def states_at(self, at: Mapping[UUID, int]) -> dict[UUID, UserConversationGroups]:
        """Give the groups of these users, each as of a revision; raises as `state_of` does."""
        return {stream: _readable(state) for stream, state in at_once(as_of(AtOnce(self._recorder), at)).items()}

    def states_of(self, streams: Collection[UUID]) -> dict[UUID, UserConversationGroups]:
        """Give the groups of these users as they are now, without those of whom an event cannot be read."""
        found = self._as_recorded(streams)
        return {stream: state for stream, state in found.items() if not isinstance(state, CannotGoOn)}

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Take the given settings alone: a stray variable of the process must not change how events are stored."""
        return Environment(name, env)

    async def _one_by_one(self, recorder: AsyncRecorder, turn: Turn, submissions: Sequence[Submission]) -> list[Reply]:
        replies: list[Reply] = []
        for submission in submissions:
            try:
                replies += await self.handle_with(recorder, turn, [submission])
            except Unavailable as away:  # those before it are done, and answered so
                replies.append(Reply(away))
        return replies

    async def _decide_and_record(self, recorder: AsyncRecorder, turn: Turn, submissions: Sequence[Submission]) -> Batch:
        batch = Batch(submissions, self._rules())
        states: dict[UUID, Loaded] = dict(self._states.get(batch.users))
        unknown = batch.users.keys() - states.keys() if len(states) < len(batch.users) else ()
        newer = await read(recorder, unknown)
        async with turn:
            states |= await replayed(newer)
            for place, (stream, user) in enumerate(batch.users.items(), start=1):
                batch.decide(user, states[stream])
                if place % USERS_IN_A_ROW == 0:
                    await sleep(0)
        for _ in range(ROUNDS):
            stale = await recorder.record(batch.write())
            if stale is None:
                break
            # Another process wrote, or a key was used before: that was seen under the lock, and nothing recorded.
            await _decide_anew(recorder, batch, stale)
        else:
            raise Unavailable(f"Other processes wrote for these users {ROUNDS} times in between")
        return batch

    def _as_recorded(self, streams: Collection[UUID]) -> dict[UUID, Loaded]:
        recorder, known = AtOnce(self._recorder), self._states.get(streams)
        missing = [stream for stream in streams if stream not in known]
        return at_once(brought_forward(recorder, known)) | at_once(loaded(recorder, missing))

    def _rules(self) -> Rules:
        now = self._clock()
        return Rules(now, now - self._keep_outcomes_for, self.policy_of)

    @property
    def _recorder(self) -> Recorder:
        return cast("Recorder", self.recorder)


def _readable(state: Loaded) -> UserConversationGroups:
    if isinstance(state, CannotGoOn):
        raise state
    return state


async def _decide_anew(recorder: AsyncRecorder, batch: Batch, stale: Stale) -> None:
    for key, kept in stale.used.items():
        batch.users[key.stream].used[key] = kept
    # A log that is behind what is remembered was put back to an older state: then it is read from its begin.
    befores = {stream: batch.users[stream].before for stream in stale.heads}
    known = {
        stream: before if before.revision <= stale.heads[stream] else NOTHING for stream, before in befores.items()
    }
    for stream, state in (await brought_forward(recorder, known)).items():
        batch.decide(batch.users[stream], state)
