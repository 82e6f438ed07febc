"""The views of a large log, built and compared with it, row for row: long evidence."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import islice
from time import perf_counter
from uuid import UUID

import psycopg
import pytest

from adapters.interpreter import suit_the_interpreter
from adapters.settings import Settings
from adapters.stores import Store, open_store_to_write
from benchmarks.commands import EVENTS, command_json, user_id
from domain.commands import parse_command
from domain.outcomes import Outcome
from domain.submission import Submission
from projections.follower import Follower
from projections.group_lists import UserGroupLists

APP = 1_400_000_000
USERS = 50_000


def commands() -> Iterator[Submission]:
    for user in range(USERS):
        for n in range(EVENTS):
            command = parse_command.validate_json(command_json(user, n), by_alias=True, by_name=False)
            yield Submission(sdk_app_id=APP, user_id=user_id(user), actor=user_id(user), command=command)


def folded(store: Store) -> dict[UUID, UserGroupLists]:
    """Fold the log, as a reader of it alone would."""
    lists: dict[UUID, UserGroupLists] = {}
    position = 0
    while entries := store.log.read(position, 10_000):
        for entry in entries:
            lists.setdefault(entry.event.originator_id, UserGroupLists()).apply(entry.event)
        position = entries[-1].position
    return lists


@pytest.mark.proof
def test_views_of_a_million_events_are_the_fold_of_the_log(
    postgres_url: str, record_property: Callable[[str, object], None]
) -> None:
    """Views built from 1,000,000 events hold, row for row, what a fold of the log gives."""
    suit_the_interpreter()
    with open_store_to_write(Settings(database_url=postgres_url)) as store, store.leases or nullcontext():
        sent = commands()
        while batch := list(islice(sent, 1000)):
            assert all(isinstance(reply.result, Outcome) for reply in store.groups.handle(batch))
        assert store.log.head() == USERS * EVENTS
        for name in ("group-lists", "history"):
            assert store.leases is not None
            store.leases.lease(name).hold()
            begin = perf_counter()
            assert Follower(name, store.log, store.views[name]).catch_up() == USERS * EVENTS
            record_property(f"{name}, events/s", USERS * EVENTS / (perf_counter() - begin))
        lists = folded(store)
        rows: Counter[str] = Counter()
        with psycopg.connect(postgres_url) as connection:
            for stream, revision in connection.execute("SELECT stream, revision FROM group_lists_users"):
                rows["users"] += 1
                assert lists[stream].revision == revision
            for stream, group_id, *row in connection.execute(
                "SELECT stream, group_id, name, place, conversation_count, created_at, updated_at "
                "FROM group_lists_groups"
            ):
                rows["groups"] += 1
                assert lists[stream].groups[group_id] == tuple(row)
            for stream, group_id, conversation_id, *row in connection.execute(
                "SELECT stream, group_id, conversation_id, revision, place, added_at FROM group_lists_memberships"
            ):
                rows["memberships"] += 1
                assert lists[stream].memberships[group_id, conversation_id] == tuple(row)
            alike = connection.execute(
                "SELECT count(*) FROM history JOIN stored_events ON stream = originator_id "
                "AND revision = originator_version AND position = notification_id AND type = topic AND event = state"
            ).fetchone()
        assert alike == (USERS * EVENTS,)
        assert rows["users"] == len(lists) == USERS
        assert rows["groups"] == sum(len(one.groups) for one in lists.values())
        assert rows["memberships"] == sum(len(one.memberships) for one in lists.values())
        record_property("rows compared", sum(rows.values()) + USERS * EVENTS)
