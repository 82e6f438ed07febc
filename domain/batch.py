"""The commands of one commit, decided on the groups as they are known.

It is a proposal: what a user's commands come to is recorded if the log knows nothing newer of that user, and decided
anew otherwise.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.decide import decide
from domain.events import Stamp
from domain.groups import UserConversationGroups
from domain.idempotency import command_hash, from_kept, is_kept, to_kept
from domain.ids import random_ids
from domain.limits import Policy
from domain.loading import NOTHING
from domain.outcomes import Outcome
from domain.ports import Kept, Key, Write
from domain.refusals import KeyReused
from domain.stored import CannotGoOn, Stored, store
from domain.submission import Reply, Submission


class Rules(NamedTuple):
    """What holds for all commands of one commit."""

    now: datetime
    expired: datetime
    """What was kept then or earlier is kept no longer."""

    policy_of: Callable[[int], Policy]


class UserCommands:
    """What one user's commands come to, in the order given: each sees what those before it did."""

    __slots__ = "before", "events", "kept", "places", "state", "unreadable", "used"

    def __init__(self) -> None:
        self.places: list[int] = []
        """Where they are in the batch."""

        self.used: dict[Key, Kept] = {}
        """What is kept already for their keys."""

        self.unreadable = False
        """Whether nothing can be decided, as an event of the user cannot be read."""

    def begin(self, state: UserConversationGroups) -> None:
        """Begin with these groups; what was decided before is void."""
        self.before = self.state = state
        self.events: list[Stored] = []
        self.kept: dict[Key, Kept] = {}

    def carry_out(self, submission: Submission, command_id: UUID, rules: Rules) -> Outcome:
        """Decide one command, and take in what it does; raises a `Refusal`."""
        stamp: Stamp = {
            "sdk_app_id": submission.sdk_app_id,
            "user_id": submission.user_id,
            "recorded_at": max(rules.now, self.state.recorded_at),
            "actor": submission.actor,
            "device": submission.device,
            "command": submission.command.command,
            "command_id": command_id,
            "correlation_id": submission.correlation_id or str(command_id),
            "traceparent": submission.traceparent,
        }
        decision = decide(self.state, submission.command, rules.policy_of(submission.sdk_app_id), stamp)
        self.events += [store(event, submission.stream) for event in decision.events]
        self.state = decision.state
        return decision.outcome

    def reply(self, submission: Submission, command_id: UUID, rules: Rules) -> Reply:
        """Carry out one command, or repeat what its idempotency key is kept with."""
        key = submission.scoped_key
        if key is None:
            return Reply(self._result(submission, command_id, rules))
        asked = command_hash(submission.command)
        used = self.kept.get(key) or self.used.get(key)
        if used is not None:
            return Reply(from_kept(used.outcome), replayed=True) if used.command_hash == asked else Reply(KeyReused())
        result = self._result(submission, command_id, rules)
        if is_kept(result):
            self.kept[key] = Kept(key, asked, to_kept(result), rules.now)
        return Reply(result)

    def _result(self, submission: Submission, command_id: UUID, rules: Rules) -> Outcome | Exception:
        try:
            return self.carry_out(submission, command_id, rules)
        except Exception as error:  # noqa: BLE001 - a refusal, or a fault: it is this command's alone
            return error


class Batch:
    """The commands of one commit, by user, and their replies."""

    def __init__(self, submissions: Sequence[Submission], rules: Rules) -> None:
        self.users: dict[UUID, UserCommands] = {}
        self._submissions = submissions
        self._command_ids = random_ids(len(submissions))
        self._rules = rules
        self._replies: dict[int, Reply] = {}
        for place, submission in enumerate(submissions):
            user = self.users.get(submission.stream)
            if user is None:
                user = self.users[submission.stream] = UserCommands()
            user.places.append(place)

    def decide(self, user: UserCommands, state: UserConversationGroups | CannotGoOn) -> None:
        """Decide the commands of one user on these groups; anew, where that was done before."""
        user.unreadable = isinstance(state, CannotGoOn)
        if isinstance(state, CannotGoOn):
            user.begin(NOTHING)
            for place in user.places:
                self._replies[place] = Reply(state)
            return
        user.begin(state)
        for place in user.places:
            self._replies[place] = user.reply(self._submissions[place], self._command_ids[place], self._rules)

    def readable(self) -> Iterable[tuple[UUID, UserCommands]]:
        """Give the users of whom everything can be read."""
        return [(stream, user) for stream, user in self.users.items() if not user.unreadable]

    def write(self) -> Write:
        """Give what is to be recorded, and what must hold for that."""
        known: dict[UUID, int] = {}
        keys: list[Key] = []
        events: list[Stored] = []
        kept: list[Kept] = []
        for stream, user in self.readable():
            known[stream] = user.before.revision
            events += user.events
            kept += user.kept.values()
            for place in user.places:
                key = self._submissions[place].scoped_key
                if key is not None and key not in user.used:
                    keys.append(key)
        return Write(known, keys, events, kept, self._rules.expired)

    def replies(self) -> list[Reply]:
        """Give the replies in the order of the submissions, when all users were decided for."""
        return [self._replies[place] for place in range(len(self._submissions))]
