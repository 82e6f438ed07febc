"""A follower of a log that many processes write at full speed."""

import os
from collections.abc import Callable, Sequence
from time import monotonic

import pytest

from adapters.settings import Settings
from adapters.store.migrate import migrate_postgres
from adapters.stores import open_store
from domain.ports import Entry
from projections.follower import Follower
from tests.e2e.postgres.database import rows
from tests.e2e.postgres.writing import AT_ONCE, writing

PROCESSES = 8


class InOrder:
    """An effect that takes the next position of the log and the next revision of each user, and nothing else."""

    def __init__(self) -> None:
        self.position = 0
        self.revisions: dict[str, int] = {}
        self.batches: list[int] = []

    def checkpoint(self) -> int:
        return self.position

    def apply(self, entries: Sequence[Entry]) -> None:
        self.batches.append(len(entries))
        for entry in entries:
            assert entry.position == self.position + 1, f"{entry.position} follows {self.position}"
            self.position = entry.position
            event = entry.event
            before = self.revisions.get(event.user_id, 0)
            assert event.revision == before + 1, f"revision {event.revision} of {event.user_id} follows {before}"
            self.revisions[event.user_id] = event.revision


@pytest.mark.parametrize("events", [40_000, pytest.param(1_000_000, marks=pytest.mark.proof)])
def test_a_follower_of_a_log_that_eight_processes_write_misses_nothing(
    postgres_url: str, events: int, record_property: Callable[[str, object], None]
) -> None:
    """A follower of a log that eight processes write skips nothing, and sees nothing twice or out of order."""
    migrate_postgres(postgres_url)
    effect = InOrder()
    each = events // PROCESSES // AT_ONCE * AT_ONCE
    begin = monotonic()
    steps = at_the_head = 0
    with open_store(Settings(database_url=postgres_url)) as store:
        follower = Follower("in-order", store.log, effect)
        with writing(postgres_url, PROCESSES, each) as processes:
            while any(process.is_alive() for process in processes):
                steps += 1
                at_the_head += not follower.step()
        took = monotonic() - begin
        follower.catch_up()
    assert effect.position == PROCESSES * each
    assert rows(postgres_url, "SELECT count(*), max(notification_id) FROM stored_events") == [
        (effect.position, effect.position)
    ]
    assert set(effect.revisions.values()) == {each // AT_ONCE}
    assert len(effect.revisions) == PROCESSES * AT_ONCE
    record_property("events", effect.position)
    record_property("users", len(effect.revisions))
    record_property("processes that write", PROCESSES)
    record_property("reads of the follower", steps)
    record_property("of these at the head", at_the_head)
    record_property("events recorded per second", effect.position / took)
    record_property("cores", len(os.sched_getaffinity(0)))
