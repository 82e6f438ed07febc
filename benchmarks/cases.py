"""Who takes part in a run, and what each is asked to do."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Table = Literal["postgres", "late", "sqlite", "http", "views"]
ONE_TO_32 = (1, 8, 32)
OWN_CORE = ("alone, own core", "half the peak, own core")
"""Where the process that answers has a core of its own, and all others the rest."""

LATE = 2_000
"""Microseconds by which commits are late in the table `late`."""


@dataclass(frozen=True)
class Program:
    """What runs a peer: a module of Python, or what `benchmarks.install` gives under this name."""

    module: str | None = None
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, installed: Mapping[str, list[str]]) -> list[str]:
        """Give the command that starts it."""
        return [sys.executable, "-m", self.module] if self.module else installed[self.needs[0]]


PROGRAMS: Mapping[str, Program] = {
    "eventsourcing": Program("benchmarks.peers.eventsourcing_postgres"),
    "emmett": Program(needs=("node",)),
    "message-db": Program("benchmarks.peers.message_db", needs=("node",)),
    "axon": Program(needs=("java",)),
    "pgbench": Program("benchmarks.peers.pgbench"),
    "eventsourcing-sqlite": Program("benchmarks.peers.eventsourcing_sqlite"),
    "ours": Program("benchmarks.ours"),
    "ours-sqlite": Program("benchmarks.ours", environment={"BENCH_STORE": "sqlite"}),
    "ours-views": Program("benchmarks.ours"),
    "ours-http": Program("benchmarks.ours_http", needs=("wrk",)),
    "ours-http-feed": Program("benchmarks.ours_http", needs=("wrk",), environment={"BENCH_READERS": "1000"}),
    "ours-http-2": Program("benchmarks.ours_http", needs=("wrk",), environment={"BENCH_PROCESSES": "2"}),
}
REFERENCES = ("eventsourcing", "pgbench")
"""Always there: the ratios are to them."""


@dataclass(frozen=True)
class Case:
    """A line of a table; with `callers` 0 a case has no callers, as when a log is read."""

    table: Table
    peer: str
    case: str
    label: str
    callers: tuple[int, ...] = (0,)


ON_POSTGRES = (
    Case("postgres", "eventsourcing", "", "eventsourcing, threads", ONE_TO_32),
    Case("postgres", "emmett", "", "emmett, one event loop", ONE_TO_32),
    Case("postgres", "message-db", "", "message-db, psycopg and threads", ONE_TO_32),
    Case("postgres", "message-db", "pgbench", "message-db, its functions from pgbench", ONE_TO_32),
    Case("postgres", "axon", "", "Axon, JDBC and threads", ONE_TO_32),
    Case("postgres", "pgbench", "insert", "pgbench, 1 insert per commit", (*ONE_TO_32, 128)),
    Case("postgres", "pgbench", "load + insert", "pgbench, load and 1 insert per commit", ONE_TO_32),
    Case("postgres", "pgbench", "insert 50", "pgbench, 50 rows per commit", (1, 32)),
    Case("postgres", "ours", "known", "this service, users known", (*ONE_TO_32, 128, 256)),
    Case("postgres", "ours", "first seen", "this service, users seen for the first time", (32,)),
)
CASES = (
    *ON_POSTGRES,
    Case("sqlite", "eventsourcing-sqlite", "", "eventsourcing, threads", ONE_TO_32),
    Case("sqlite", "ours-sqlite", "known", "this service, users known", (*ONE_TO_32, 128)),
    Case("sqlite", "ours-sqlite", "first seen", "this service, users seen for the first time", (32,)),
    Case("http", "ours-http", "closed loop", "this service over HTTP, views following", (1, 32, 128)),
    Case("http", "ours-http-feed", "closed loop", "the same, devices of 1,000 users following", (32, 128)),
    Case("http", "ours-http-2", "closed loop", "the same, answered by 2 processes", (32, 128)),
    Case("http", "ours-http", "latency, alone", "one caller alone", (1,)),
    Case("http", "ours-http", "latency, half the peak", "open loop at half the peak", (64,)),
    Case("http", "ours-http", OWN_CORE[0], "one caller alone, own core", (1,)),
    Case("http", "ours-http", OWN_CORE[1], "open loop at half the peak, own core", (64,)),
    Case("views", "eventsourcing", "", "eventsourcing, into dictionaries"),
    Case("views", "emmett", "", "emmett, into dictionaries"),
    Case("views", "message-db", "", "message-db, into dictionaries"),
    Case("views", "axon", "", "Axon, into dictionaries"),
    Case("views", "ours-views", "group-lists", "this service, group lists in PostgreSQL"),
    Case("views", "ours-views", "history", "this service, history in PostgreSQL"),
    *(replace(case, table="late") for case in ON_POSTGRES),
)


def steps() -> list[tuple[Case, int]]:
    """Give all that a round measures, so that what is compared is measured close together."""
    tables = list(dict.fromkeys(case.table for case in CASES))
    pairs = [(case, callers) for case in CASES for callers in case.callers]
    together = {"postgres", "sqlite", "late"}
    return sorted(pairs, key=lambda pair: (tables.index(pair[0].table), pair[1] if pair[0].table in together else 0))
