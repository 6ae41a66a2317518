"""Pages of the worklist are complete, in order and stable, whatever ties and arrives."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, event, insert

from secondlook.cases import CaseStatus
from secondlook.errors import StoreError
from secondlook.store.case_tables import CaseRow
from secondlook.store.database import Database
from secondlook.store.worklist import OPEN, CaseSummary, Cursor, Worklist, WorklistFilter
from store_values import NOON, add_assessment, add_case, digest

FINITE = st.floats(allow_nan=False, allow_infinity=False)
LINES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0.0, -0.0, 0.1, 0.1 + 0.2, 0.3, 1e-300]) | FINITE,
        st.sampled_from(list(CaseStatus)),
        st.sampled_from(["parts", "scans"]),
    ),
    max_size=40,
)
STATUSES = st.sets(st.sampled_from(list(CaseStatus)), min_size=1)


def rows_of(lines: Iterable[tuple[int, float, CaseStatus, str]]) -> list[dict[str, Any]]:
    """Rows of `cases` as if they had been assessed."""
    return [
        {
            "id": digest(str(i)),
            "domain": domain,
            "title": f"Part {i}",
            "status": status,
            "is_open": status in OPEN,
            "priority": priority,
            "turn": turn,
            "opened_at": NOON,
            "facts": {},
        }
        for i, (priority, turn, status, domain) in enumerate(lines)
    ]


def walk(worklist: Worklist, wanted: WorklistFilter, limit: int) -> Iterator[CaseSummary]:
    """All pages, one after the other, through the text of the cursor."""
    after = None
    while True:
        page = worklist.page(wanted, after=after, limit=limit)
        assert len(page.rows) <= limit
        yield from page.rows
        if page.next is None:
            return
        after = Cursor.from_text(page.next.to_text())


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    lines=LINES, statuses=STATUSES, domain=st.sampled_from([None, "parts"]), limit=st.integers(1, 9)
)
def test_pages_together_are_the_sorted_list(
    database: Database, lines: list[Any], statuses: set[CaseStatus], domain: str | None, limit: int
) -> None:
    rows = rows_of(lines)
    fill(database, rows)
    wanted = WorklistFilter(domain=domain, statuses=frozenset(statuses))
    with database.read() as unit:
        found = [row.id for row in walk(unit.worklist, wanted, limit)]
    kept = [r for r in rows if r["status"] in statuses and domain in (None, r["domain"])]
    kept.sort(key=lambda r: (r["priority"], r["turn"], r["id"]), reverse=True)
    assert found == [row["id"] for row in kept]


@given(st.integers(-9, 9), FINITE)
def test_a_cursor_survives_a_url(priority: int, turn: float) -> None:
    cursor = Cursor(priority, turn, digest("a"))
    text = cursor.to_text()
    assert Cursor.from_text(text) == cursor
    assert text.replace("~", "").replace("-", "").replace(".", "").isalnum()


@pytest.mark.parametrize(
    "text", ["", "1~2", "a~1~x", "1~nan~x", "1~inf~x", f"{2**40}~1~x", "1~1~\x00"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="Start at page 1"):
        Cursor.from_text(text)


def test_arrivals_neither_repeat_nor_hide_what_was_there(database: Database) -> None:
    fill(database, rows_of([(0, 0.5, CaseStatus.NEW, "parts")] * 20))
    with database.read() as unit:
        first = unit.worklist.page(WorklistFilter(), limit=10)
    for word, priority in (("urgent", 2), ("last", 0)):
        add_assessment(database, add_case(database, word), priority=priority, score=0.5)
    with database.read() as unit:
        second = list(walk_from(unit.worklist, first.next))
    old = {digest(str(i)) for i in range(20)}
    seen = [row.id for row in (*first.rows, *second)]
    assert (len(seen), old - set(seen)) == (len(set(seen)), set())


def test_filters_narrow_by_product_and_title(database: Database) -> None:
    add_case(database, "50% a_b")
    add_case(database, "50 axb")
    other = add_case(database, "bolt", product="bolt")
    with database.read() as unit:
        by_title = unit.worklist.page(WorklistFilter(search="PART 50% A_B")).rows
        by_product = unit.worklist.page(WorklistFilter(domain="parts", product="bolt")).rows
    assert [row.title for row in by_title] == ["Part 50% a_b"]
    assert [row.id for row in by_product] == [other]


def test_a_line_shows_the_picture_and_who_decided_what(database: Database) -> None:
    case_id = add_case(database, "a")
    with database.write() as unit:
        unit.decisions.add(case_id, reviewer="ann", disposition="scrap")
        assert unit.worklist.page(WorklistFilter()).rows == ()
        decided = WorklistFilter(statuses=frozenset({CaseStatus.DECIDED}))
        (row,) = unit.worklist.page(decided).rows
    assert (row.picture, row.decided, row.held_by) == (digest("a"), "scrap", None)


def test_counts_name_every_status(database: Database) -> None:
    fill(database, rows_of([(0, 0.0, CaseStatus.NEW, "parts"), (0, 0.0, CaseStatus.NEW, "scans")]))
    with database.read() as unit:
        counts = unit.worklist.counts("parts")
    assert counts.by_status == dict.fromkeys(CaseStatus, 0) | {CaseStatus.NEW: 1}


def test_a_page_touches_no_payload(database: Database) -> None:
    add_case(database, "a")
    with statements(database) as seen, database.read() as unit:
        unit.worklist.page(WorklistFilter())
        unit.worklist.page(WorklistFilter(statuses=frozenset(CaseStatus)))
    assert len(seen) == 2
    for statement in seen:
        assert "facts" not in statement
        assert "attachments" not in statement


@pytest.mark.parametrize("limit", [0, 1001])
def test_the_size_of_a_page_has_limits(sqlite_database: Database, limit: int) -> None:
    with sqlite_database.read() as unit, pytest.raises(StoreError, match="1 to 1000"):
        unit.worklist.page(WorklistFilter(), limit=limit)


def test_no_status_at_all_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.read() as unit, pytest.raises(StoreError, match="at least one"):
        unit.worklist.page(WorklistFilter(statuses=frozenset()))


def test_an_export_is_whole_and_reads_in_batches(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secondlook.store.worklist.EXPORT_BATCH", 2)
    ids = sorted(add_case(database, word) for word in "abcde")
    add_case(database, "f", domain="scans")
    add_assessment(database, ids[1])
    with database.write() as unit:
        decision = unit.decisions.add(ids[2], reviewer="ann", disposition="accept")
        unit.commit()
    with statements(database) as seen, database.read() as unit:
        exported = list(unit.worklist.export("parts"))
        assert [one.case for one in exported] == [unit.cases.get(case_id) for case_id in ids]
    assert exported[1].assessment is not None
    assert exported[2].decisions == (decision,)
    assert not any("OFFSET 2" in statement for statement in seen)


def fill(database: Database, rows: list[dict[str, Any]]) -> None:
    """Replace all cases."""
    with database.engine.begin() as connection:
        connection.execute(delete(CaseRow))
        if rows:
            connection.execute(insert(CaseRow), rows)


def walk_from(worklist: Worklist, after: Cursor | None) -> Iterator[CaseSummary]:
    """The pages after a place."""
    while after is not None:
        page = worklist.page(WorklistFilter(), after=after, limit=3)
        yield from page.rows
        after = page.next


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The SELECT statements that run inside the block."""
    seen: list[str] = []

    def note(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)
