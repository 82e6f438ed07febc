"""The feed over restarts, kills, and two processes on one database: each command told once, in order."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import groupby
from random import Random

import pytest

from projections.notifications import GROUP_LIST
from tests.e2e.conftest import NewService
from tests.e2e.feed.reader import Device
from tests.e2e.kills import SEED, RecordProperty, wait_for_any_moment
from tests.e2e.load import Clients
from tests.e2e.service import Service
from tests.e2e.user import User

KILLS = 10
USERS = 6


def last_of_each_command(service: Service, user: str) -> list[int]:
    """Tell at which revision each command of a user ended, by the history."""
    with service.client() as client:
        events = User(client, user).history()
    return [[event["revision"] for event in done][-1] for _, done in groupby(events, lambda event: event["commandID"])]


def group_names(service: Service, user: str) -> list[str]:
    with service.client() as client:
        return User(client, user).group_names()


def assert_each_command_was_told_once(service: Service, users: Sequence[str], devices: Iterable[Device]) -> int:
    """Each device began with a snapshot and was told every command since, once and in order; give how many."""
    told = 0
    for user, device in zip(users, devices, strict=True):
        commands = last_of_each_command(service, user)
        if commands:
            device.wait_for(commands[-1])
        first, *others = device.frames
        assert (first.kind, {frame.kind for frame in others}) == ("snapshot", {"change"} if others else set())
        assert [frame.revision for frame in others] == [end for end in commands if end > first.revision]
        lists = [n["data"] for frame in others for n in frame.data["notifications"] if n["name"] == GROUP_LIST]
        if lists:
            assert lists[-1] == group_names(service, user)
        told += len(others)
    return told


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    """Give the URL of a database of the test's own, None for an SQLite file."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


def test_killed_and_stopped_in_the_middle_the_service_tells_each_command_once(
    new_service: NewService, database: str | None
) -> None:
    service = new_service(database=database)
    service.start()
    random = Random(SEED)
    with Clients(service, SEED, users=USERS) as clients, ExitStack() as stack:
        devices = [stack.enter_context(Device(user, [service])) for user in clients.users]
        for turn in range(KILLS):
            wait_for_any_moment(clients, random)
            service.kill() if turn % 2 else service.stop()
            service.start()
        clients.wait_for(answers=50)
        clients.end()
        assert assert_each_command_was_told_once(service, clients.users, devices) > 50
    assert all(device.connections > KILLS / 2 for device in devices)


def test_two_services_on_one_database_tell_each_command_once_whichever_is_asked(
    postgres_url: str, new_service: NewService, record_property: RecordProperty
) -> None:
    services = [new_service(database=postgres_url) for _ in range(2)]
    for service in services:
        service.start()
    with Clients(services[0], SEED, services[1], users=USERS) as clients, ExitStack() as stack:
        devices = [stack.enter_context(Device(user, services, stay=5)) for user in clients.users]
        clients.wait_for(answers=600)
        clients.end()
        assert assert_each_command_was_told_once(services[0], clients.users, devices) > 100
    assert all(device.connections > 5 for device in devices)


def test_an_orderly_stop_lets_readers_go_at_once(new_service: NewService) -> None:
    service = new_service()
    service.start()
    with Device("alice", [service]) as device:
        device.wait_for(0)
        assert service.stop() < 4, "nobody had to be cut off"
    assert "Cancel" not in service.said()
