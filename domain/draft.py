"""What the commands of one commit come to, decided on the groups as they are known.

A draft is a proposal: it is recorded if the log knows nothing newer of the user, and made anew otherwise.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from domain.decide import decide
from domain.events import Stamp
from domain.groups import UserConversationGroups
from domain.idempotency import command_hash, from_kept, is_kept, to_kept
from domain.limits import Policy
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


class Draft:
    """The commands of one user in the order given: each sees what those before it did."""

    def __init__(self, state: UserConversationGroups, rules: Rules, used: Mapping[Key, Kept]) -> None:
        self.before = self.state = state
        self.events: list[Stored] = []
        self.kept: dict[Key, Kept] = {}
        self._rules = rules
        self._used = used

    def carry_out(self, submission: Submission) -> Outcome:
        """Decide one command, and take in what it does; raises a `Refusal`."""
        command_id = uuid4()
        stamp = Stamp(
            sdk_app_id=submission.sdk_app_id,
            user_id=submission.user_id,
            recorded_at=max(self._rules.now, self.state.recorded_at),
            actor=submission.actor,
            device=submission.device,
            command=submission.command.command,
            command_id=command_id,
            correlation_id=submission.correlation_id or str(command_id),
            traceparent=submission.traceparent,
        )
        decision = decide(self.state, submission.command, self._rules.policy_of(submission.sdk_app_id), stamp)
        self.events += map(store, decision.events)
        self.state = decision.state
        return decision.outcome

    def reply(self, submission: Submission) -> Reply:
        """Carry out one command, or repeat what its idempotency key is kept with."""
        key = submission.scoped_key
        if key is None:
            return Reply(self._result(submission))
        asked = command_hash(submission.command)
        used = self.kept.get(key) or self._used.get(key)
        if used is not None:
            return Reply(from_kept(used.outcome), replayed=True) if used.command_hash == asked else Reply(KeyReused())
        result = self._result(submission)
        if is_kept(result):
            self.kept[key] = Kept(key, asked, to_kept(result), self._rules.now)
        return Reply(result)

    def _result(self, submission: Submission) -> Outcome | Exception:
        try:
            return self.carry_out(submission)
        except Exception as error:  # noqa: BLE001 - a refusal, or a fault: it is this command's alone
            return error


class Batch:
    """The commands of one commit, by user, each with its draft and its reply."""

    def __init__(self, submissions: Sequence[Submission], rules: Rules) -> None:
        self.drafts: dict[UUID, Draft] = {}
        self.used: dict[Key, Kept] = {}
        """What is kept already for keys of this batch."""

        self.places: defaultdict[UUID, list[int]] = defaultdict(list)
        """For each user the places of their commands in the batch."""

        self._submissions = submissions
        self._rules = rules
        self._replies: dict[int, Reply] = {}
        self._keys = [key for submission in submissions if (key := submission.scoped_key) is not None]
        for place, submission in enumerate(submissions):
            self.places[submission.stream].append(place)

    def decide(self, stream: UUID, state: UserConversationGroups | CannotGoOn) -> None:
        """Decide the commands of one user on these groups; anew, where that was done before."""
        if isinstance(state, CannotGoOn):
            self.drafts.pop(stream, None)
            self._replies.update(dict.fromkeys(self.places[stream], Reply(state)))
            return
        draft = self.drafts[stream] = Draft(state, self._rules, self.used)
        for place in self.places[stream]:
            self._replies[place] = draft.reply(self._submissions[place])

    def write(self) -> Write:
        """Give what is to be recorded, and what must hold for that."""
        drafts = self.drafts.values()
        return Write(
            known={stream: draft.before.revision for stream, draft in self.drafts.items()},
            keys=[key for key in self._keys if key not in self.used],
            events=[event for draft in drafts for event in draft.events],
            kept=[kept for draft in drafts for kept in draft.kept.values()],
            expired=self._rules.expired,
        )

    def replies(self) -> list[Reply]:
        """Give the replies in the order of the submissions."""
        return [self._replies[place] for place in range(len(self._submissions))]
