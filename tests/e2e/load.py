"""Clients that send commands at once, and remember what each was answered; they outlive the service."""

from dataclasses import dataclass, field
from random import Random
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from tests.e2e.service import PATIENCE, Service
from tests.e2e.user import User

GROUPS = [f"{word} {number}" for number in range(6) for word in ("Suppliers", "产品体验", "Família", "Приятели")]
CONVERSATIONS = [f"{kind}{number}" for kind in ("C2Ccontact-", "GROUPteam-") for number in range(20)]


@dataclass
class Sent:
    """A command, and what became of it as far as its client knows."""

    key: str
    """Its Idempotency-Key, which is its Correlation-ID too."""

    user: str
    body: dict[str, Any]
    tries: int = 0
    status: int | None = None
    """None where no answer came, and the client gave up."""

    answer: dict[str, Any] = field(default_factory=dict)
    repeated: bool = False
    """Whether the answer was that of an earlier try."""


class Clients:
    """Threads with a kept-alive connection each, which share the users; while they run, `with` lasts.

    Where there are several services each thread has one of them, in turn.
    """

    def __init__(self, service: Service, seed: object, *others: Service, threads: int = 6, users: int = 12) -> None:
        self.sent: list[Sent] = []
        self.users = [f"user-{number}" for number in range(users)]
        self._faults: list[BaseException] = []
        self._answered = Condition()
        self._answers = 0
        self._over = Event()
        services = [service, *others]
        self._threads = [
            Thread(target=self._run, args=(services[n % len(services)], Random(f"{seed}/{n}"))) for n in range(threads)
        ]

    def wait_for(self, answers: int) -> None:
        """Wait until so many more answers came."""
        with self._answered:
            goal = self._answers + answers
            come = self._answered.wait_for(lambda: self._answers >= goal or self._faults, PATIENCE)
        assert come, f"{goal - self._answers} of {answers} answers did not come"
        assert not self._faults, self._faults

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if error is None:
            assert not self._faults, self._faults

    def end(self) -> None:
        """Let each have the answer that it waits for, and send no more."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, service: Service, random: Random) -> None:
        try:
            with service.client() as client:
                while not self._over.is_set():
                    key = str(UUID(int=random.getrandbits(128), version=4))
                    sent = Sent(key, random.choice(self.users), some_command(random))
                    self.sent.append(sent)
                    self._send(service, client, sent, random)
        except BaseException as fault:  # noqa: BLE001 - whoever waits is told
            with self._answered:
                self._faults.append(fault)
                self._answered.notify_all()

    def _send(self, service: Service, client: httpx.Client, sent: Sent, random: Random) -> None:
        """Send a command until it is answered, or, now and then, give it up after an answer was lost."""
        user = User(client, sent.user)
        while sent.status is None:
            sent.tries += 1
            try:
                answer = user.send(**sent.body, headers={"Idempotency-Key": sent.key, "Correlation-ID": sent.key})
                if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    continue
                assert answer.status_code < 500, answer.text
                sent.repeated = answer.headers.get("Idempotent-Replayed") == "true"
                sent.answer = answer.json()
                sent.status = answer.status_code  # the last, for others look at it
                with self._answered:
                    self._answers += 1
                    self._answered.notify_all()
                if answer.status_code == httpx.codes.OK and random.random() < 0.2:
                    _see_it(user, sent)
            except httpx.TransportError:
                if random.random() < 0.5 or not self._is_back(service):
                    return

    def _is_back(self, service: Service) -> bool:
        while not self._over.is_set():
            if service.up.wait(0.05):
                return True
        return False


def _see_it(user: User, sent: Sent) -> None:
    """Read what was answered, unless the database is away."""
    read = user.get("groups")
    if read.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        shown = read.json()["revision"]
        assert shown >= sent.answer["revision"], f"a read shows {shown}, older than {sent.answer}"


def some_command(random: Random) -> dict[str, Any]:
    """Give a command: most change something, some are refused."""
    group, other = random.sample(GROUPS, 2)
    some, more = (random.sample(CONVERSATIONS, random.randrange(1, 5)) for _ in range(2))
    kind = random.choices(
        ["CreateGroup", "AddConversations", "RemoveConversations", "UpdateConversations", "RenameGroup", "DeleteGroup"],
        [30, 30, 12, 10, 10, 8],
    )[0]
    fields: dict[str, dict[str, Any]] = {
        "CreateGroup": {"conversationIDs": some},
        "AddConversations": {"conversationIDs": some},
        "RemoveConversations": {"conversationIDs": some},
        "UpdateConversations": {"remove": some, "add": [key for key in more if key not in some]},
        "RenameGroup": {"newName": other},
        "DeleteGroup": {},
    }
    return {"command": kind, "groupName": group, **fields[kind]}
