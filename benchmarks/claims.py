"""The ratios that this service is judged by, each within a round."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from benchmarks.cases import OWN_CORE
from benchmarks.results import Key, Results, ratios

EVENTSOURCING = ("eventsourcing", "")
PGBENCH = ("pgbench", "insert")
LIMIT = ("pgbench", "insert 50")
KNOWN = ("ours", "known")
FIRST_SEEN = ("ours", "first seen")
OTHERS = ("emmett", "message-db", "axon")

Values = Callable[[Results], list[float]]


class Claim(NamedTuple):
    """A sentence, and what is divided by what."""

    sentence: str
    over: Values
    under: Values
    target: str = ""
    """What it is to be, as `≥ 25` or `≤ 5`, where that was said beforehand."""

    def judged(self, values: list[float]) -> str:
        """Give the target, and whether the median meets it."""
        if not self.target:
            return ""
        sign, bound = self.target.split()
        met = median(values) >= float(bound) if sign == "≥" else median(values) <= float(bound)
        return f"{self.target} {'✓' if met else '✗'}"


def at(table: str, of: tuple[str, str], callers: int, measure: str = "per_second") -> Values:
    """Give one line's values."""
    return lambda results: results.values(Key(table, *of, callers), measure)


def best_other(table: str) -> Values:
    """Give, for each round, the fastest of the other peers with the number of callers that suits it best."""

    def values(results: Results) -> list[float]:
        found = [line.rounds["per_second"] for line in results.lines if line.table == table and line.peer in OTHERS]
        return [max(of_round) for of_round in zip(*found, strict=True)]

    return values


def both_cpus(of: tuple[str, str]) -> Values:
    """Give the CPU of calling process and server together, per command at 32 callers."""

    def values(results: Results) -> list[float]:
        parts = [results.values(Key("postgres", *of, 32), measure) for measure in ("service_us", "database_us")]
        return [sum(pair) for pair in zip(*parts, strict=True)]

    return values


def claimed(results: Results, claim: Claim) -> list[float]:
    """Give the ratio for each round; none where something was not measured."""
    return ratios(claim.over(results), claim.under(results))


ALONE, HALF = ("ours-http", "latency, alone"), ("ours-http", "latency, half the peak")
ALONE_OWN_CORE, HALF_OWN_CORE = (("ours-http", case) for case in OWN_CORE)
CLAIMS = (
    Claim(
        "32 callers in process ÷ eventsourcing, 32 callers",
        at("postgres", KNOWN, 32),
        at("postgres", EVENTSOURCING, 32),
        "≥ 25",
    ),
    Claim(
        "32 callers in process ÷ emmett, message-db or Axon, whichever is fastest, at its best number of callers",
        at("postgres", KNOWN, 32),
        best_other("postgres"),
    ),
    Claim(
        "32 callers in process ÷ pgbench insert, 32 clients",
        at("postgres", KNOWN, 32),
        at("postgres", PGBENCH, 32),
        "≥ 0.8",
    ),
    Claim(
        "256 callers in process ÷ pgbench insert, 32 clients",
        at("postgres", KNOWN, 256),
        at("postgres", PGBENCH, 32),
        "≥ 1.2",
    ),
    Claim(
        "256 callers in process ÷ rows of pgbench, 50 per commit, 32 clients",
        at("postgres", KNOWN, 256),
        at("postgres", LIMIT, 32),
    ),
    Claim(
        "32 callers, users first seen ÷ eventsourcing, 32 callers",
        at("postgres", FIRST_SEEN, 32),
        at("postgres", EVENTSOURCING, 32),
        "≥ 10",
    ),
    Claim(
        "32 callers, users first seen ÷ pgbench load and insert, 32 clients",
        at("postgres", FIRST_SEEN, 32),
        at("postgres", ("pgbench", "load + insert"), 32),
    ),
    Claim(
        "1 caller in process ÷ eventsourcing, 1 caller",
        at("postgres", KNOWN, 1),
        at("postgres", EVENTSOURCING, 1),
        "≥ 2",
    ),
    Claim("1 caller in process ÷ pgbench insert, 1 client", at("postgres", KNOWN, 1), at("postgres", PGBENCH, 1)),
    Claim(
        "commits 2 ms later: 32 callers ÷ eventsourcing, 32 callers",
        at("late", KNOWN, 32),
        at("late", EVENTSOURCING, 32),
    ),
    Claim("commits 2 ms later: 32 callers ÷ the fastest other peer", at("late", KNOWN, 32), best_other("late")),
    Claim(
        "commits 2 ms later: 256 callers ÷ pgbench insert, 128 clients",
        at("late", KNOWN, 256),
        at("late", PGBENCH, 128),
    ),
    Claim(
        "SQLite: 32 callers ÷ eventsourcing, 32 callers",
        at("sqlite", ("ours-sqlite", "known"), 32),
        at("sqlite", ("eventsourcing-sqlite", ""), 32),
        "≥ 12",
    ),
    Claim(
        "over HTTP, 32 connections ÷ eventsourcing in process, 32 callers",
        at("http", ("ours-http", "closed loop"), 32),
        at("postgres", EVENTSOURCING, 32),
        "≥ 6",
    ),
    Claim(
        "over HTTP, 128 connections ÷ eventsourcing in process, 32 callers",
        at("http", ("ours-http", "closed loop"), 128),
        at("postgres", EVENTSOURCING, 32),
        "≥ 9",
    ),
    Claim(
        "over HTTP, 32 connections, devices of 1,000 users following ÷ eventsourcing in process, 32 callers",
        at("http", ("ours-http-feed", "closed loop"), 32),
        at("postgres", EVENTSOURCING, 32),
        "≥ 6",
    ),
    Claim(
        "over HTTP, 128 connections, devices of 1,000 users following ÷ eventsourcing in process, 32 callers",
        at("http", ("ours-http-feed", "closed loop"), 128),
        at("postgres", EVENTSOURCING, 32),
        "≥ 9",
    ),
    Claim(
        "over HTTP, 128 connections ÷ the fastest other peer in process",
        at("http", ("ours-http", "closed loop"), 128),
        best_other("postgres"),
    ),
    Claim(
        "over HTTP, 128 connections, answered by 2 processes ÷ by 1",
        at("http", ("ours-http-2", "closed loop"), 128),
        at("http", ("ours-http", "closed loop"), 128),
    ),
    Claim(
        "over HTTP, p50 at half the peak ÷ p50 of one caller alone",
        at("http", HALF, 64, "p50"),
        at("http", ALONE, 1, "p50"),
    ),
    Claim(
        "over HTTP, p99 at half the peak ÷ p99 of one caller alone",
        at("http", HALF, 64, "p99"),
        at("http", ALONE, 1, "p99"),
        "≤ 5",
    ),
    Claim(
        "the same, with a core for the process that answers and the others for everything else",
        at("http", HALF_OWN_CORE, 64, "p99"),
        at("http", ALONE_OWN_CORE, 1, "p99"),
    ),
    Claim(
        "group lists built from the log ÷ eventsourcing reading it",
        at("views", ("ours-views", "group-lists"), 0),
        at("views", EVENTSOURCING, 0),
        "≥ 0.5",
    ),
    Claim(
        "history built from the log ÷ eventsourcing reading it",
        at("views", ("ours-views", "history"), 0),
        at("views", EVENTSOURCING, 0),
        "≥ 0.5",
    ),
    Claim("CPU per command, server included: eventsourcing ÷ this service", both_cpus(EVENTSOURCING), both_cpus(KNOWN)),
)
