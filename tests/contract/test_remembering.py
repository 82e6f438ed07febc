"""A service remembers the groups of the users who were last here; what it forgets it loads again."""

from adapters.store.memory import environment
from domain.commands import CreateGroup, DeleteGroup
from domain.loading import EVENTS_IN_A_ROW
from domain.outcomes import Outcome
from domain.service import ConversationGroups
from domain.submission import Submission
from domain.values import stream_id


def create(groups: ConversationGroups, user: str, name: str) -> int | None:
    submission = Submission(sdk_app_id=1, user_id=user, actor=user, command=CreateGroup(group_name=name))
    [reply] = groups.handle([submission])
    assert isinstance(reply.result, Outcome)
    return reply.result.group_id


def test_users_in_turn_are_served_right_however_few_are_remembered() -> None:
    for remembered in (0, 2, 5, 1000):
        with ConversationGroups(environment(), remembered=remembered) as groups:
            made = [create(groups, user, name) for name in ("a", "b", "c") for user in ("alice", "bob", "carol")]
            assert made == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_long_history_is_taken_in_whole() -> None:
    with ConversationGroups(environment(), remembered=0) as groups:
        stream = stream_id(1, "alice")
        submissions = [
            Submission(sdk_app_id=1, user_id="alice", actor="alice", command=command)
            for turn in range(EVENTS_IN_A_ROW + 50)
            for command in (CreateGroup(group_name=str(turn)), DeleteGroup(group_name=str(turn)))
        ]
        assert all(isinstance(reply.result, Outcome) for reply in groups.handle(submissions))
        state = groups.state_of(stream)
    assert (state.revision, state.last_group_id, state.groups) == (len(submissions), len(submissions) // 2, {})
