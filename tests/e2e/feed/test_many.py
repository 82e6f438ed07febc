"""Ten thousand readers of the live feed, on one process."""

import asyncio
import re
from pathlib import Path
from time import monotonic

import httpx
import pytest

from tests.e2e.conftest import NewService
from tests.e2e.feed.crowd import Crowd, Member
from tests.e2e.kills import RecordProperty
from tests.e2e.service import Service

VERY_MANY = 10_000

BACK = 30.0
"""Seconds in which all are back after the service was restarted."""

COMMENT = 15.0
"""Seconds after which a quiet connection carries a comment."""


@pytest.fixture(params=["sqlite", "postgres"])
def service(request: pytest.FixtureRequest, new_service: NewService) -> Service:
    database = None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    made = new_service(database=database)
    made.start()
    return made


@pytest.mark.parametrize("readers", [200, pytest.param(VERY_MANY, marks=pytest.mark.proof)])
def test_all_readers_are_back_soon_after_a_restart_and_miss_nothing(
    service: Service, readers: int, record_property: RecordProperty
) -> None:
    """With 10,000 readers of the live feed on one process, all are back within 30 s of its restart, missing nothing."""
    asyncio.run(come_and_come_back(service, readers, record_property))


async def come_and_come_back(service: Service, readers: int, record: RecordProperty) -> None:
    crowd = Crowd(service, readers)
    told_twice, told_once = crowd.members[: readers // 2], crowd.members[readers // 2 :]
    crowd.begin()
    try:
        came = await crowd.until(lambda: crowd.connected == readers, "all to come", 4 * BACK)
        record("readers", readers)
        record("all there after, s", came)
        await change(service, told_twice, "first")
        told = await crowd.until(lambda: all_told(told_twice, 1), "all to be told", BACK)
        record("behind the last of as many commands, all were told after, s", told)
        record("MB of the service", memory(service))

        await asyncio.to_thread(service.kill)
        await asyncio.to_thread(service.start)
        started = monotonic()
        await crowd.until(lambda: crowd.connected == readers, "all to be back", BACK)
        record("all back after a kill, s", monotonic() - started)
        await change(service, crowd.members, "second")
        await crowd.until(lambda: all_told(told_twice, 2) and all_told(told_once, 1), "all to be told", BACK)
        if readers >= VERY_MANY:
            before = [member.comments for member in crowd.members]
            quiet = await crowd.until(
                lambda: all(m.comments > b for m, b in zip(crowd.members, before, strict=True)),
                "a comment",
                2 * COMMENT,
            )
            record("a comment to each after, s", quiet)
        assert {tuple(member.revisions) for member in told_twice} == {(1, 2)}
        assert {tuple(member.revisions) for member in told_once} == {(1,)}
        assert all(member.snapshots == 1 for member in crowd.members), "it came back with its cursor"
    finally:
        await crowd.end()


def all_told(members: list[Member], changes: int) -> bool:
    return all(len(member.revisions) == changes for member in members)


async def change(service: Service, members: list[Member], name: str) -> None:
    """Send one command for each of these users."""
    async with httpx.AsyncClient(base_url=service.url, timeout=60, limits=httpx.Limits(max_connections=32)) as client:
        gate = asyncio.Semaphore(32)

        async def create(member: Member) -> None:
            async with gate:
                body = {"command": "CreateGroup", "groupName": name}
                answer = await client.post(f"/v1/users/{member.user}/commands", json=body)
                assert answer.status_code == 200, answer.text

        await asyncio.gather(*map(create, members))


def memory(service: Service) -> int:
    """Tell how much memory the service has, in MB."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    [kilobytes] = re.findall(r"VmRSS:\s+(\d+) kB", status)
    return int(kilobytes) // 1024
