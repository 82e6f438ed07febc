"""Draws what was measured."""

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.cases import CASES
from benchmarks.results import Line, Results

LABELS = dict.fromkeys(case.label for case in CASES)
"""The cases in their order."""

OURS = "this service"
TITLES = {
    "postgres": "Durable commands on PostgreSQL",
    "late": "Durable commands on PostgreSQL, each commit 2 ms later",
    "sqlite": "Durable commands on SQLite",
}
STYLE: Any = {
    "svg.hashsalt": "benchmarks",  # the same figures give the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
}


def draw(results: Results, folder: Path) -> None:
    """Draw every plot that there are figures for."""
    with mpl.rc_context(STYLE):
        for table, title in TITLES.items():
            if lines := [line for line in results.lines if line.table == table]:
                _, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
                _by_callers(axes, lines)
                axes.set_title(title)
                _save(folder / f"{table}.svg")
        if lines := [line for line in results.lines if line.table == "postgres" and line.callers == 32]:
            _, axes = plt.subplots(figsize=(7.5, 3.5), layout="constrained")
            _cpu(axes, lines)
            _save(folder / "cpu.svg")


def _by_callers(axes: Axes, lines: list[Line]) -> None:
    """Draw commands per second over callers: medians, with bars from min to max."""
    for label in LABELS:
        points = sorted((line for line in lines if line.label == label), key=lambda line: line.callers)
        if not points:
            continue
        rates = [point.rounds["per_second"] for point in points]
        middle = [median(rate) for rate in rates]
        below = [m - min(rate) for m, rate in zip(middle, rates, strict=True)]
        above = [max(rate) - m for m, rate in zip(middle, rates, strict=True)]
        ours = label.startswith(OURS)
        axes.errorbar(
            [point.callers for point in points],
            middle,
            yerr=[below, above],
            label=label,
            marker="o",
            markersize=5 if ours else 3.5,
            linewidth=2.5 if ours else 1.2,
            linestyle=":" if "pgbench" in label else "-",
            capsize=2,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(callers := sorted({line.callers for line in lines}), [str(number) for number in callers])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("callers at once")
    axes.set_ylabel("commands per second")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _cpu(axes: Axes, lines: list[Line]) -> None:
    """Draw the CPU's time per command, of the calling process and of the server."""
    ordered = sorted(lines, key=lambda line: list(LABELS).index(line.label), reverse=True)
    labels = [line.label for line in ordered]
    service = [median(line.rounds["service_us"]) for line in ordered]
    database = [median(line.rounds["database_us"]) for line in ordered]
    axes.barh(labels, service, label="calling process")
    axes.barh(labels, database, left=service, label="PostgreSQL")
    for row, both in enumerate(map(sum, zip(service, database, strict=True))):
        axes.text(both, row, f" {both:,.0f}", va="center", fontsize=8)
    axes.set_title("CPU per command at 32 callers, in microseconds")
    axes.legend(fontsize=8, frameon=False)


def _save(file: Path) -> None:
    plt.savefig(file, metadata={"Date": None})
    plt.close()
