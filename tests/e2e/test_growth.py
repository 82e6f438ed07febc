"""What a command or a view costs does not depend on how much there is already: long evidence, on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

import psycopg
import pytest

from adapters.settings import Settings
from adapters.stores import Store, open_store_to_write
from domain.commands import AddConversations, Command, CreateGroup, RenameGroup
from domain.outcomes import Outcome
from domain.states import States
from domain.submission import Submission
from domain.values import stream_id
from projections.follower import Follower

Record = Callable[[str, object], None]

APP = 1_400_000_000
ROUNDS = 400


def send(store: Store, user: str, *commands: Command) -> float:
    """Let a user send these in one commit, and tell how many seconds that took."""
    submissions = [Submission(sdk_app_id=APP, user_id=user, actor=user, command=command) for command in commands]
    begin = perf_counter()
    replies = store.groups.handle(submissions)
    took = perf_counter() - begin
    assert all(isinstance(reply.result, Outcome) and reply.result.events for reply in replies)
    return took


def rename(n: int) -> RenameGroup:
    return RenameGroup(group_id=1, new_name=f"name {n}")


def life(store: Store, user: str, commands: int) -> None:
    send(store, user, CreateGroup(group_name="first", conversation_ids=tuple(f"C2C{n}" for n in range(20))))
    for first in range(2, commands, 500):
        send(store, user, *map(rename, range(first, min(first + 500, commands))))


@pytest.mark.proof
def test_a_command_costs_the_same_after_a_hundred_thousand(postgres_url: str, record_property: Record) -> None:
    """The 100,001st command of a user takes what the 21st does, within 10 %, also of one who is read from the log."""
    with open_store_to_write(Settings(database_url=postgres_url)) as store:
        life(store, "old", 100_000)
        assert store.log.revision(stream_id(APP, "old")) == 100_000
        for n in range(ROUNDS):
            life(store, f"young-{n}", 20)
        assert store.leases is not None
        store.leases.lease("snapshots").hold()
        Follower("snapshots", store.log, store.snapshots).catch_up()
        names = count(100_000)
        young, old = [], []
        for n in range(ROUNDS):
            young.append(send(store, f"young-{n}", rename(next(names))))
            old.append(send(store, "old", rename(next(names))))
        record_property("21st, ms", median(young) * 1e3)
        record_property("100,001st, ms", median(old) * 1e3)
        assert median(old) < 1.1 * median(young)

        store.groups._states = States(0)  # nobody is remembered
        young, old = [], []
        for n in range(ROUNDS):
            young.append(send(store, f"young-{n}", rename(next(names))))
            old.append(send(store, "old", rename(next(names))))
            if n % 50 == 49:
                Follower("snapshots", store.log, store.snapshots).catch_up()
        record_property("22nd, read from the log, ms", median(young) * 1e3)
        record_property("100,401st, read from the log by its snapshot, ms", median(old) * 1e3)


@contextmanager
def filled(url: str, schema: str, memberships: int) -> Iterator[Store]:
    """Give a store of its own, whose views hold so many memberships of users with fifty each."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    apart = urlsplit(url)._replace(query=f"options=-csearch_path%3D{schema}").geturl()
    with open_store_to_write(Settings(database_url=apart)) as store:
        users = memberships // 50
        conversations = tuple(f"C2Ccontact-of-mine-{n:04d}" for n in range(50))
        for first in range(0, users, 100):
            command = CreateGroup(group_name="first", conversation_ids=conversations)
            names = [f"user-{n}" for n in range(first, min(first + 100, users))]
            store.groups.handle([Submission(sdk_app_id=APP, user_id=n, actor=n, command=command) for n in names])
        assert store.leases is not None
        store.leases.lease("group-lists").hold()
        with store.leases:
            Follower("group-lists", store.log, store.group_lists).catch_up()
            yield store


@pytest.mark.proof
def test_a_view_costs_the_same_with_a_million_memberships(postgres_url: str, record_property: Record) -> None:
    """A view with 1,000,000 memberships takes in events, and answers, as fast as with 1,000, within 25 %."""
    with filled(postgres_url, "small", 1_000) as small, filled(postgres_url, "large", 1_000_000) as large:
        assert len(large.group_lists.load(stream_id(APP, "user-19999")).memberships) == 50
        written: dict[Store, list[float]] = {small: [], large: []}
        read: dict[Store, list[float]] = {small: [], large: []}
        for turn in range(ROUNDS):
            for store in (small, large) if turn % 2 else (large, small):
                users = 20 if store is small else 20_000
                names = [f"user-{(turn * 7919 + n * 104_729) % users}" for n in range(20)]
                command = AddConversations(group_id=1, conversation_ids=(f"C2Clate-{turn}",))
                store.groups.handle([Submission(sdk_app_id=APP, user_id=n, actor=n, command=command) for n in names])
                begin = perf_counter()
                Follower("group-lists", store.log, store.group_lists).step()
                written[store].append(perf_counter() - begin)
                begin = perf_counter()
                for name in names:
                    store.group_lists.load(stream_id(APP, name))
                read[store].append(perf_counter() - begin)
        for what, took in (("written", written), ("read", read)):
            ratio = median(took[large]) / median(took[small])
            record_property(f"{what}: 1,000,000 ÷ 1,000", ratio)
            assert ratio < 1.25, (what, ratio)
