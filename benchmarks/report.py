"""Draws the report from what was measured: `python -m benchmarks.report` does it again without measuring."""

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import plots
from benchmarks.cases import LATE
from benchmarks.claims import CLAIMS, EVENTSOURCING, PGBENCH, claimed
from benchmarks.peer import ROOT
from benchmarks.results import Key, Line, Results, ratios, readable, spread

TEXT = Path(__file__).with_name("report.md")
REPORT = ROOT / "docs/benchmarks.md"
RESULTS = "results.json"


def write(results: Results, report: Path) -> None:
    """Write the report, and beside it the figures and plots that it is made of."""
    folder = report.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text(results.model_dump_json(indent=1) + "\n")
    plots.draw(results, folder)
    report.write_text(markdown(results))


def markdown(results: Results) -> str:
    """Put figures and text together."""
    parts = {
        "facts": "\n".join(f"- {name}: {value}" for name, value in results.facts.items()),
        "left_out": "\n".join(f"- Left out: {name}, because {why}." for name, why in results.left_out.items()),
        "claims": "\n".join(_claims(results)),
        "postgres": "\n".join(_commands(results, "postgres")),
        "late": "\n".join(_commands(results, "late")),
        "late_measured": _late_measured(results),
        "sqlite": "\n".join(_commands(results, "sqlite")),
        "http": "\n".join(_http(results)),
        "views": "\n".join(_views(results)),
        "cpu": "\n".join(_cpu(results)),
        "all": "\n".join(_all(results)),
        "stored": "\n".join(_stored(results)),
    }
    text = TEXT.read_text()
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return text


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(*cells: str) -> Iterator[str]:
    yield _row(*cells)
    yield "|---|" + "---:|" * (len(cells) - 1)


def _of(results: Results, table: str) -> list[Line]:
    return [line for line in results.lines if line.table == table]


def _in_order(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """Put the lines of a case together, in the order of the cases."""
    by_label: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda line: line.callers):
        by_label.setdefault(line.label, []).append(line)
    order = list(plots.LABELS)
    return sorted(by_label.items(), key=lambda item: order.index(item[0]))


def _claims(results: Results) -> Iterator[str]:
    targets = ("to be",) if any(claim.target for claim in CLAIMS) else ()
    yield from _head("ratio", "min / median / max", *targets)
    for claim in CLAIMS:
        if values := claimed(results, claim):
            yield _row(claim.sentence, spread(values), *((claim.judged(values),) if targets else ()))


def _commands(results: Results, table: str) -> Iterator[str]:
    lines = _of(results, table)
    callers = sorted({line.callers for line in lines})
    references = {"× eventsourcing": Key(table, *EVENTSOURCING, 32), "× pgbench insert": Key(table, *PGBENCH, 32)}
    if table == "sqlite":
        references = {"× eventsourcing": Key(table, "eventsourcing-sqlite", "", 32)}
    yield from _head("commands/s", *map(str, callers), *(f"{name}, at 32" for name in references))
    for label, of_case in _in_order(lines):
        rates = {line.callers: readable(median(line.rounds["per_second"])) for line in of_case}
        at_32 = next((line.rounds["per_second"] for line in of_case if line.callers == 32), [])
        cells = [spread(ratios(at_32, results.values(key))) for key in references.values()]
        yield _row(label, *(rates.get(number, "") for number in callers), *cells)


def _late_measured(results: Results) -> str:
    """Tell by how much one commit of pgbench was late, and report nothing where that was less than is said."""
    late = results.values(Key("late", *PGBENCH, 1))
    usual = results.values(Key("postgres", *PGBENCH, 1))
    added = [1e3 / slow - 1e3 / fast for slow, fast in zip(late, usual, strict=False)]
    if added and 1e3 * median(added) < 0.95 * LATE:  # on a busy machine waking up takes longer, and is shown
        sys.exit(f"commits were to be {LATE} µs late, and pgbench saw {spread(added)} ms")
    return spread(added)


def _http(results: Results) -> Iterator[str]:
    yield from _head(
        "over HTTP", "connections", "requests/s", "× eventsourcing in process, at 32", "p50, ms", "p99, ms"
    )
    reference = results.values(Key("postgres", *EVENTSOURCING, 32))
    for line in _of(results, "http"):
        rates = line.rounds["per_second"]
        times = [spread(line.rounds.get(measure, [])) for measure in ("p50", "p99")]
        yield _row(line.label, str(line.callers), spread(rates), spread(ratios(rates, reference)), *times)


def _views(results: Results) -> Iterator[str]:
    yield from _head("built from the log", "events/s", "× eventsourcing")
    reference = results.values(Key("views", "eventsourcing", "", 0))
    for label, [line] in _in_order(_of(results, "views")):
        rates = line.rounds["per_second"]
        yield _row(label, spread(rates), spread(ratios(rates, reference)))


def _cpu(results: Results) -> Iterator[str]:
    yield from _head("CPU µs per command at 32 callers", "calling process", "PostgreSQL", "both")
    for label, of_case in _in_order(_of(results, "postgres")):
        for line in of_case:
            if line.callers == 32:
                service, database = line.rounds["service_us"], line.rounds["database_us"]
                both = [sum(pair) for pair in zip(service, database, strict=True)]
                yield _row(label, spread(service), spread(database), spread(both))


def _all(results: Results) -> Iterator[str]:
    yield from _head("case", "callers", "per second", "× eventsourcing at 32", "× pgbench insert at 32")
    for table in ("postgres", "late", "sqlite"):
        for label, of_case in _in_order(_of(results, table)):
            for line in of_case:
                rates = line.rounds["per_second"]
                under = [results.values(Key(table, *of, 32)) for of in (EVENTSOURCING, PGBENCH)]
                if table == "sqlite":
                    under = [results.values(Key(table, "eventsourcing-sqlite", "", 32)), []]
                cells = [spread(ratios(rates, reference)) for reference in under]
                yield _row(f"{TABLES[table]}: {label}", str(line.callers), spread(rates), *cells)


TABLES = {"postgres": "PostgreSQL", "late": "commits 2 ms later", "sqlite": "SQLite"}


def _stored(results: Results) -> Iterator[str]:
    yield from _head("store", "events acknowledged", "events stored", "bytes of an event")
    for stored in results.stored:
        yield _row(stored.peer, f"{stored.acknowledged:,}", f"{stored.stored:,}", str(stored.largest))


def main() -> None:
    """Draw the report again."""
    report = Path(sys.argv[1]) if len(sys.argv) > 1 else REPORT
    write(Results.model_validate_json((report.with_suffix("") / RESULTS).read_text()), report)


if __name__ == "__main__":
    main()
