"""The application service: load, decide, save. Many commands may share one commit; each gets its own reply."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import NamedTuple, cast
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.persistence import Recording
from eventsourcing.utils import Environment, EnvType

from domain.commands import Command
from domain.decide import Decision, decide
from domain.events import Event, Stamp
from domain.groups import UserConversationGroups, replay
from domain.idempotency import command_hash, from_kept, is_kept, to_kept
from domain.limits import Policy
from domain.outcomes import Outcome
from domain.ports import Kept, KeptOutcomes, Key
from domain.refusals import KeyReused, MalformedUserID, Refusal
from domain.values import is_user_id, stream_id


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A command, whose groups it is for, and who sent it."""

    sdk_app_id: int
    user_id: str
    command: Command
    actor: str
    device: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
    key: str | None = None
    """The idempotency key; without one nothing is kept."""

    def __post_init__(self) -> None:
        """Refuse a user ID that names nobody: no such submission can be made."""
        if not is_user_id(self.user_id):
            raise MalformedUserID

    @property
    def stream(self) -> UUID:
        """The stream of the user whose groups the command is for."""
        return stream_id(self.sdk_app_id, self.user_id)

    @property
    def scoped_key(self) -> Key | None:
        """The idempotency key among those of its user: another user's is another key."""
        return None if self.key is None else Key(self.sdk_app_id, self.user_id, self.key)


class Reply(NamedTuple):
    """What became of a submission; it is durable when the caller sees it."""

    result: Outcome | Refusal
    replayed: bool = False
    """Whether this is the result of an earlier command with the same idempotency key."""


def _now() -> datetime:
    return datetime.now(UTC)


class ConversationGroups(Application[UUID]):
    """Carries out commands on the log that `env` names (see `eventsourcing`'s `Application`)."""

    name = "conversation-groups"

    def __init__(
        self,
        env: EnvType,
        *,
        policy_of: Callable[[int], Policy] = lambda _: Policy(),
        keep_outcomes_for: timedelta = timedelta(days=7),
        remembered_users: int = 1000,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(env)
        self.policy_of = policy_of
        self.listeners: list[Callable[[int], None]] = []
        """Called after each commit with the number of events that it recorded; must not raise."""

        self._keep_outcomes_for = keep_outcomes_for
        self._remembered_users = remembered_users
        self._clock = clock
        self._one_batch_at_a_time = Lock()
        self._states: dict[UUID, UserConversationGroups] = {}

    def handle(self, submissions: Sequence[Submission]) -> list[Reply]:
        """Carry out commands in the order given, in one durable commit: all of them, or none.

        After `Unavailable` most likely none is done; sent again with the same key, each is done once. Raises
        `CannotGoOn` where the log holds an event of one of these users that cannot be read: then none is done.
        """
        with self._one_batch_at_a_time:
            now = self._clock()
            batch = Batch(self, submissions, now)
            replies = [batch.reply(submission) for submission in submissions]
            if batch.events or batch.kept:
                expired = now - self._keep_outcomes_for
                self._save(batch, expired)
            self._remember(batch.states)
            return replies

    def dry_run(self, submission: Submission) -> Outcome:
        """Tell what a command would do now, and do nothing; raises the `Refusal` that it would meet."""
        outcome = Batch(self, [], self._clock()).decide(submission).outcome
        events = tuple(recorded.model_copy(update={"event_id": None}) for recorded in outcome.events)
        return outcome.model_copy(update={"events": events})

    def state_of(self, stream: UUID) -> UserConversationGroups:
        """Give one user's groups: as they were last saved here, or loaded from the log."""
        return self._states.get(stream) or replay(None, cast("map[Event]", self.events.get(stream)))

    def find_kept(self, keys: Collection[Key], now: datetime) -> dict[Key, Kept]:
        """Look up the outcomes that are kept for these keys and have not expired."""
        kept = cast("KeptOutcomes", self.recorder).find_kept(keys) if keys else {}
        return {key: found for key, found in kept.items() if found.kept_at > now - self._keep_outcomes_for}

    def _save(self, batch: "Batch", expired: datetime) -> None:
        try:
            self.save(*batch.events, kept=list(batch.kept.values()), expired=expired)
        except BaseException:
            self._states.clear()  # whatever went wrong, the log knows better
            raise

    def _remember(self, states: Mapping[UUID, UserConversationGroups]) -> None:
        """Keep the groups of the users who were last here: their next command loads nothing from the log."""
        for stream, state in states.items():
            self._states.pop(stream, None)
            self._states[stream] = state
        while len(self._states) > self._remembered_users:
            del self._states[next(iter(self._states))]

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Take the given settings alone: a stray variable of the process must not change how events are stored."""
        return Environment(name, env)

    def _notify(self, recordings: list[Recording[UUID]]) -> None:
        if recordings:
            for listener in self.listeners:
                listener(len(recordings))


class Batch:
    """The commands of one commit: each sees what those before it did."""

    def __init__(self, service: ConversationGroups, submissions: Sequence[Submission], now: datetime) -> None:
        self.events: list[Event] = []
        self.kept: dict[Key, Kept] = {}
        self._service = service
        self._now = now
        self.states: dict[UUID, UserConversationGroups] = {}
        keys = [key for submission in submissions if (key := submission.scoped_key) is not None]
        self._used = service.find_kept(keys, now)

    def reply(self, submission: Submission) -> Reply:
        """Carry out one command, or repeat what its idempotency key is kept with."""
        key = submission.scoped_key
        used = self.kept.get(key) or self._used.get(key) if key else None
        if used is not None:
            if used.command_hash != command_hash(submission.command):
                return Reply(KeyReused())
            return Reply(from_kept(used.outcome), replayed=True)
        result = self._carry_out(submission)
        if key is not None and is_kept(result):
            self.kept[key] = Kept(key, command_hash(submission.command), to_kept(result), self._now)
        return Reply(result)

    def decide(self, submission: Submission) -> Decision:
        """Decide one command on the groups as this batch leaves them; raises a `Refusal`."""
        state = self.states.get(submission.stream)
        if state is None:
            state = self.states[submission.stream] = self._service.state_of(submission.stream)
        policy = self._service.policy_of(submission.sdk_app_id)
        return decide(state, submission.command, policy, self._stamp(submission, state))

    def _carry_out(self, submission: Submission) -> Outcome | Refusal:
        try:
            decision = self.decide(submission)
        except Refusal as refusal:
            return refusal
        self.states[submission.stream] = decision.state
        self.events += decision.events
        return decision.outcome

    def _stamp(self, submission: Submission, state: UserConversationGroups) -> Stamp:
        command_id = uuid4()
        return Stamp(
            sdk_app_id=submission.sdk_app_id,
            user_id=submission.user_id,
            recorded_at=max(self._now, state.recorded_at),
            actor=submission.actor,
            device=submission.device,
            command=submission.command.command,
            command_id=command_id,
            correlation_id=submission.correlation_id or str(command_id),
            traceparent=submission.traceparent,
        )
