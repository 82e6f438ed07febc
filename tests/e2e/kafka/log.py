"""A log in memory, filled by the real domain."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from domain.commands import AddConversations, Command, CreateGroup, DeleteGroup, RenameGroup, UpdateConversations
from domain.decide import decide
from domain.events import Stamp
from domain.groups import UserConversationGroups, replay
from domain.limits import Policy
from domain.ports import Entry

APP = 1400000000
BEGIN = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class MemoryLog:
    """The entries of many users, as the service would have recorded them."""

    def __init__(self, log_id: UUID | None = None) -> None:
        self.entries: list[Entry] = []
        self._log_id = log_id or uuid4()
        self._users: dict[str, UserConversationGroups] = {}

    def log_id(self) -> UUID:
        return self._log_id

    def head(self) -> int:
        return len(self.entries)

    def revision(self, stream: UUID) -> int:
        return len(self.read_user(stream, 0))

    def read(self, after: int, limit: int) -> Sequence[Entry]:
        return self.entries[after : after + limit]

    def read_user(self, stream: UUID, after: int, limit: int | None = None) -> Sequence[Entry]:
        found = [entry for entry in self.entries if entry.event.originator_id == stream]
        return found[after:][:limit]

    def states_at(self, at: Mapping[UUID, int]) -> dict[UUID, UserConversationGroups]:
        return {
            stream: replay(None, [entry.event for entry in self.read_user(stream, 0, revision)])
            for stream, revision in at.items()
        }

    def command(
        self, user: str, command: Command, policy: Policy | None = None, traceparent: str | None = None
    ) -> None:
        """Decide a command and record its events."""
        moment = BEGIN + timedelta(microseconds=len(self.entries))
        command_id = uuid4()
        stamp = Stamp(
            sdk_app_id=APP,
            user_id=user,
            recorded_at=moment,
            actor=user,
            device="phone",
            command=command.command,
            command_id=command_id,
            correlation_id=str(command_id),
            traceparent=traceparent,
        )
        state = self._users.get(user, UserConversationGroups())
        decision = decide(state, command, policy or Policy(), stamp)
        self._users[user] = decision.state
        for event in decision.events:
            self.entries.append(Entry(len(self.entries) + 1, event, event.to_json()))

    def grow(self, events: int, users: int = 7) -> None:
        """Record at least this many events more, of users who all do the same things, one after the other."""
        goal = len(self.entries) + events
        for number in count():
            for user in (f"user-{n}" for n in range(users)):
                for command in _life(number):
                    self.command(user, command)
                if len(self.entries) >= goal:
                    return


def _life(number: int) -> Sequence[Command]:
    name = f"产品 {number}"
    contacts = tuple(f"C2Ccontact-{n}" for n in range(3))
    return (
        CreateGroup(group_name=name, conversation_ids=contacts),
        AddConversations(group_name=name, conversation_ids=(f"GROUP{number}",)),
        RenameGroup(group_name=name, new_name=f"{name}!"),
        UpdateConversations(group_name=f"{name}!", remove=contacts[:1], add=("C2Cnew",)),
        DeleteGroup(group_name=f"{name}!"),
    )
