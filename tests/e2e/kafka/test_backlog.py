"""After a long outage a service has much to publish: it does so at full speed, and its memory stays as it is."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from adapters.settings import Settings
from adapters.stores import Store, open_store_to_write
from domain.commands import AddConversations, Command, CreateGroup, RemoveConversations, RenameGroup
from domain.outcomes import Outcome
from tests.contract.stores import submission
from tests.e2e.conftest import NewService
from tests.e2e.kafka.consumer import assert_every_event_is_there_once
from tests.e2e.service import Service

AT_ONCE = 1_000
MORE = 60.0
"""MB that memory may grow by between a fifth of the backlog and its end."""


def turn(number: int) -> Command:
    """Give the nth command of a user."""
    match number % 4:
        case 0:
            return AddConversations(group_id=1, conversation_ids=(f"C2Ccontact-{number % 50}", "GROUPteam"))
        case 1:
            return RenameGroup(group_id=1, new_name=f"turn {number}")
        case 2:
            return RemoveConversations(group_id=1, conversation_ids=("GROUPteam",))
        case _:
            return RenameGroup(group_id=1, new_name=f"turn {number}")


def fill(store: Store, events: int, users: int) -> int:
    """Record about so many events of so many users, and give how many there are."""
    number = 0
    while store.log.head() < events:
        many = []
        for _ in range(AT_ONCE):
            user, round_ = number % users, number // users
            command = CreateGroup(group_name="turn") if round_ == 0 else turn(round_)
            many.append(submission(command, f"user-{user}"))
            number += 1
        assert all(isinstance(reply.result, Outcome) for reply in store.groups.handle(many))
    return store.log.head()


def megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [resident] = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(resident) / 1024


def published(service: Service, head: int) -> int:
    """Give how many events the relay has published."""
    with service.client() as client:
        lines = client.get("/metrics").text.splitlines()
    of_the_relay = 'convgroups_follower_lag_events{follower="relay"'
    lags = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(of_the_relay)]
    return head - int(lags[0]) if lags else 0


@pytest.mark.parametrize("events", [20_000, pytest.param(1_000_000, marks=pytest.mark.proof)])
def test_a_backlog_is_published_at_full_speed_with_flat_memory(
    kafka: str,
    kafka_prefix: str,
    new_service: NewService,
    events: int,
    record_property: Callable[[str, object], None],
) -> None:
    """A service that comes to a backlog publishes all of it, each event once, and its memory does not grow with it."""
    service = new_service(kafka, kafka_prefix)
    with open_store_to_write(Settings(database_url=service.database)) as store:
        head = fill(store, events, users=max(500, events // 20))
    service.start()
    begin, early = monotonic(), 0.0
    while (done := published(service, head)) < head:
        if early == 0 and done > head // 5:
            early = megabytes(service.process.pid)
        assert monotonic() - begin < 600
    seconds = monotonic() - begin
    late = megabytes(service.process.pid)
    record_property("events", head)
    record_property("events/s, views built beside it", head / seconds)
    record_property("MB at a fifth", early)
    record_property("MB at the end", late)
    assert late < (early or late) + MORE
    service.stop()
    assert_every_event_is_there_once(kafka, f"{kafka_prefix}.events.v1", head)
