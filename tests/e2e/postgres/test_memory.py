"""The memory of a process that writes."""

from collections.abc import Callable
from multiprocessing import get_context

import pytest

from adapters.store.migrate import migrate_postgres
from tests.e2e.postgres.writing import write

MORE = 1.15


def _measure(url: str, events: int, marks: list[int], answer: "Callable[[dict[int, int]], None]") -> None:
    rss = dict.fromkeys(marks, 0)
    write(url, 0, events, keys=True, rss=rss, most=2)
    answer(rss)


@pytest.mark.proof
def test_the_memory_of_a_process_that_writes_stays_as_it_is(
    postgres_url: str, record_property: Callable[[str, object], None]
) -> None:
    """A process that carries out a million commands, each user two, needs no more memory from halfway on."""
    migrate_postgres(postgres_url)
    marks = [100_000, 250_000, 500_000, 1_000_000]
    context = get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(postgres_url, marks[-1], marks, send.send))
    process.start()
    rss: dict[int, int] = receive.recv()
    process.join()
    assert process.exitcode == 0
    for mark in marks:
        record_property(f"MB after {mark:,} commands", rss[mark] / 1e6)
    # Each of these users is 2 or 3 of the REMEMBERED ones: halfway the memory of users is full.
    assert rss[marks[-1]] < MORE * rss[marks[-2]], rss
