"""Reads are current however far the view has come: they apply what it has not seen."""

import pytest

from domain.values import stream_id
from projections.group_lists import current_lists
from projections.history import HistoryRow, current_history, history_row
from tests.unit.domain.changes import added, created, deleted, removed
from tests.unit.projections.recorded import ALICE, ListLog, ListTable, entries_of

ENTRIES = entries_of(
    created(1, "One"),
    added(1, "One", "C2Ca", "C2Cb"),
    created(2, "Two"),
    removed(1, "One", "C2Ca"),
    added(2, "Two", "C2Cb"),
    deleted(1, "One", "C2Cb"),
)
NOBODY = stream_id(1400000000, "nobody")
REVISIONS = [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("seen", range(7))
def test_the_lists_are_current_whatever_the_view_has_seen(seen: int) -> None:
    lists = current_lists(ListLog(ENTRIES), ListTable(ENTRIES[:seen]), ALICE)
    assert lists.revision == 6
    assert [(group_id, row.name, row.conversation_count) for group_id, row in lists.listed()] == [(2, "Two", 1)]
    assert lists.group_names() == {"C2Cb": ["Two"]}


def test_a_user_nobody_wrote_for_has_revision_0() -> None:
    lists = current_lists(ListLog(ENTRIES), ListTable(ENTRIES), NOBODY)
    assert (lists.revision, lists.listed()) == (0, [])
    assert current_history(ListLog(ENTRIES), ListTable(ENTRIES), NOBODY, 0, 10) == []


def test_the_history_tells_each_event_as_it_was_recorded() -> None:
    last = ENTRIES[5]
    expected = HistoryRow(6, 60, "conversation-groups.group-deleted.v1", last.event.to_json())
    assert history_row(last) == expected
    unknown = last.value.replace(b"{", b'{"region":"eu",', 1)
    assert history_row(last._replace(value=unknown)).value == unknown


@pytest.mark.parametrize("seen", range(7))
@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [
        (0, 10, REVISIONS),
        (0, 6, REVISIONS),
        (0, 3, [1, 2, 3]),
        (2, 3, [3, 4, 5]),
        (4, 3, [5, 6]),
        (6, 3, []),
        (9, 1, []),
    ],
)
def test_a_page_of_the_history_is_current_whatever_the_view_has_seen(
    seen: int, after: int, limit: int, expected: list[int]
) -> None:
    rows = current_history(ListLog(ENTRIES), ListTable(ENTRIES[:seen]), ALICE, after, limit)
    assert [row.revision for row in rows] == expected
    assert rows == [history_row(ENTRIES[revision - 1]) for revision in expected]


def test_a_full_page_of_the_view_asks_the_log_nothing() -> None:
    log = ListLog(ENTRIES)
    current_history(log, ListTable(ENTRIES), ALICE, 0, 6)
    assert log.reads == 0
