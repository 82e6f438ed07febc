"""The tables that are written again and again stay as small as what is in them."""

import os
from asyncio import TaskGroup, run
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from threading import Event, Thread
from time import monotonic

import pytest

from adapters import pruning
from adapters.follow import stop_all
from adapters.main import follow_views
from adapters.pruning import Pruning
from adapters.settings import Settings
from adapters.store.migrate import migrate_postgres
from adapters.stores import Store, open_store
from adapters.writer import Writer
from domain.outcomes import Outcome
from domain.submission import Submission
from tests.e2e.postgres.database import rows, wait_for_views
from tests.e2e.postgres.writing import APP, command

MINUTES = float(os.environ.get("CONVGROUPS_TEST_BLOAT_MINUTES", "4"))
CALLERS, USERS_EACH = 200, 5
KEPT_FOR = timedelta(seconds=10)
LOOKS = 20

TABLES = ("followers", "kept_outcomes", "group_lists_users", "group_lists_groups", "group_lists_memberships")
SIZES = """
SELECT relname, pg_relation_size(relid) + pg_indexes_size(relid), pg_indexes_size(relid), n_dead_tup, n_live_tup
FROM pg_stat_user_tables WHERE relname = ANY(%s)
"""


async def write_until(over: Event, store: Store, done: "count[int]") -> None:
    """Let callers send commands with keys for a thousand users, until it is over."""
    writer = Writer(store.lanes)

    async def call(caller: int) -> None:
        for turn in count():
            for number in range(USERS_EACH):
                user = f"user-{caller}-{number}"
                sent = Submission(
                    sdk_app_id=APP, user_id=user, command=command(0, turn), actor=user, device="x", key=str(turn)
                )
                assert isinstance((await writer.carry_out(sent)).result, Outcome)
                next(done)
                if over.is_set():
                    return

    async with writer, TaskGroup() as callers:
        for caller in range(CALLERS):
            callers.create_task(call(caller))


@pytest.mark.proof
def test_tables_that_are_written_again_and_again_do_not_grow(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """While commands flow, followers, kept outcomes and group lists stay small, with the vacuum that PostgreSQL does.

    It takes 4 minutes, or as many as CONVGROUPS_TEST_BLOAT_MINUTES says: 30 for a release.
    """
    migrate_postgres(postgres_url)
    monkeypatch.setattr(pruning, "EVERY", 1.0)
    over, done = Event(), count()
    most: list[dict[str, tuple[int, ...]]] = []
    with open_store(Settings(database_url=postgres_url)) as store:
        assert store.leases is not None
        store.groups._keep_outcomes_for = KEPT_FOR
        followers = follow_views(store)
        writing = Thread(target=lambda: run(write_until(over, store, done)))
        with store.leases, Pruning(store.groups.prune):
            try:
                for thread in followers:
                    thread.start()
                writing.start()
                begin = monotonic()
                for look in range(1, LOOKS + 1):
                    over.wait(begin + look * 60 * MINUTES / LOOKS - monotonic())
                    assert writing.is_alive()
                    most.append({name: tuple(sizes) for name, *sizes in rows(postgres_url, SIZES, list(TABLES))})
            finally:
                over.set()
                writing.join()
                wait_for_views(postgres_url)
                stop_all(followers)
    assert all(thread.stopped_by is None for thread in followers)
    record_property("minutes", MINUTES)
    record_property("commands", next(done))
    for table in TABLES:
        early, late = (max(look[table][0] for look in part) for part in (most[: LOOKS // 2], most[LOOKS // 2 :]))
        record_property(f"{table}, kB with indexes at most, first half", early // 1000)
        record_property("second half", late // 1000)
        record_property("its dead rows at most", max(look[table][2] for look in most))
        assert late <= max(1.3 * early, 5_000_000), f"{table} grew from {early} to {late} bytes"
    assert max(look["followers"][0] for look in most) < 10_000_000
