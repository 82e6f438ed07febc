"""What was measured, as it is written beside the report: one line for each case and number of callers."""

from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

from pydantic import BaseModel


class Key(NamedTuple):
    """Which line."""

    table: str
    peer: str
    case: str
    callers: int


class Line(BaseModel):
    """One case with one number of callers; every measure has one value for each round."""

    table: str
    peer: str
    case: str
    callers: int
    label: str
    rounds: dict[str, list[float]] = {}
    """By measure: `per_second`; `service_us` and `database_us`, CPU per command; `p50` and `p99`, milliseconds;
    `behind`, seconds until the views had caught up."""

    @property
    def key(self) -> Key:
        """Which line this is."""
        return Key(self.table, self.peer, self.case, self.callers)

    def add(self, measures: Mapping[str, float]) -> None:
        """Add the values of one round."""
        for measure, value in measures.items():
            self.rounds.setdefault(measure, []).append(value)


class Stored(BaseModel):
    """What a peer's store held at the end."""

    peer: str
    acknowledged: int
    stored: int
    largest: int
    """Bytes of the largest event, of the newest one where nobody asks for the largest."""


class Results(BaseModel):
    """One run."""

    facts: dict[str, str]
    left_out: dict[str, str]
    """Peers, and why."""

    lines: list[Line]
    stored: list[Stored] = []

    def find(self, key: Key) -> Line | None:
        """Give a line; None where it was not measured."""
        return next((line for line in self.lines if line.key == key), None)

    def values(self, key: Key, measure: str = "per_second") -> list[float]:
        """Give the values of a line, one for each round; none where it was not measured."""
        line = self.find(key)
        return [] if line is None else line.rounds.get(measure, [])


def ratios(over: list[float], under: list[float]) -> list[float]:
    """Divide round by round."""
    return [one / other for one, other in zip(over, under, strict=True)] if over and under else []


def spread(values: list[float]) -> str:
    """Give min / median / max, or one number where all are the same."""
    if not values:
        return "–"
    parts = [readable(of(values)) for of in (min, median, max)]
    return parts[0] if len(set(parts)) == 1 else " / ".join(parts)


def readable(value: float) -> str:
    """Give three digits that mean something, and all digits before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
