"""How long a page of the worklist takes in a million cases, first page and random places.

python tests/benchmarks/worklist_page.py [--cases 1000000] [--pages 300] [--url URL]
"""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bench_databases import AUDIT_KEY, arguments, databases, load_cases, report, spread
from sqlalchemy import select

from secondlook.cases import CaseStatus
from secondlook.queues import Band, Queue
from secondlook.store.case_tables import CaseRow
from secondlook.store.database import Database
from secondlook.store.worklist import Cursor, WorklistFilter

FILTERS = {
    "undecided, all domains": WorklistFilter(),
    "undecided, one domain": WorklistFilter(domain="parts"),
    "undecided, one product": WorklistFilter(domain="parts", product="product-7"),
    "every status, one domain": WorklistFilter(domain="parts", statuses=frozenset(CaseStatus)),
    "failed, all domains": WorklistFilter(statuses=frozenset({CaseStatus.FAILED})),
    "failed, one domain": WorklistFilter(domain="parts", statuses=frozenset({CaseStatus.FAILED})),
    "undecided, by waiting time": WorklistFilter(domain="scans"),
}
SCANS = Queue(
    bands=(
        Band(code="late", title="Late", priority=2),
        Band(code="soon", title="Soon", priority=1, wait=timedelta(hours=4)),
        Band(code="some time", title="Some time", priority=0, wait=timedelta(days=1)),
    ),
    order="waiting",
    unassessed="some time",
)


def main() -> None:
    """Load, measure, print."""
    options = arguments(__doc__ or "", cases=1_000_000, pages=300)
    with databases(options.url) as urls:
        report({name: measure(url, options.cases, options.pages) for name, url in urls})


def measure(url: str, cases: int, pages: int) -> dict[str, Any]:
    """All figures of one database."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    start = time.perf_counter()
    load_cases(database.engine, cases)
    figures: dict[str, Any] = {"cases": cases, "load_s": round(time.perf_counter() - start, 1)}
    places = random_places(database, pages)
    for name, wanted in FILTERS.items():
        figures[name] = {
            "first page": spread([timed(database, wanted, None) for _ in range(20)]),
            "random places": spread([timed(database, wanted, place) for place in places]),
        }
    figures["title search, rare"] = once(lambda: search(database, "case 777777 "))
    figures["title search, none"] = once(lambda: search(database, "no such title"))
    figures["counts"] = once(lambda: counts(database))
    begin_trails(database)
    figures["nobody is due"] = spread([look(database) for _ in range(50)])
    database.queues = {"scans": SCANS}
    figures["somebody is due"] = spread([look(database) for _ in range(50)])
    figures["promoted, a case"] = promotions(database, 3)
    figures["claims"] = spread([claim(database, x) for x in range(50)])
    database.dispose()
    return figures


def random_places(database: Database, pages: int) -> list[Cursor]:
    """The places of random cases, wherever they stand in the order."""
    query = select(CaseRow.priority, CaseRow.turn, CaseRow.id)
    with database.engine.connect() as connection:
        rows = connection.execute(query).all()
    return [Cursor(*row) for row in random.Random(1).sample(rows, pages)]


def timed(database: Database, wanted: WorklistFilter, place: Cursor | None) -> float:
    """Seconds for one page of 50, with the transaction around it."""
    start = time.perf_counter()
    with database.read() as unit:
        unit.worklist.page(wanted, after=place)
    return time.perf_counter() - start


def search(database: Database, words: str) -> None:
    """One page of a title search, which reads titles until it is full."""
    with database.read() as unit:
        unit.worklist.page(WorklistFilter(search=words))


def counts(database: Database) -> None:
    """The counts over all cases."""
    with database.read() as unit:
        unit.worklist.counts()


def begin_trails(database: Database) -> None:
    """Cases that are due have a trail, as all real ones have."""
    query = select(CaseRow.id).where(CaseRow.promote_at.is_not(None))
    with database.write() as unit:
        for case in unit.audit._session.scalars(query).all():
            unit.audit.append(case, "case.opened", "benchmark", {})
        unit.commit()


def look(database: Database) -> float:
    """Seconds to see whether anybody has waited too long, as before every listing."""
    start = time.perf_counter()
    with database.read() as unit:
        unit.priorities.due()
    return time.perf_counter() - start


def promotions(database: Database, batches: int) -> dict[str, float]:
    """Milliseconds for one of those that are due, with its audit event, committed by batch."""
    start, done = time.perf_counter(), 0
    for _ in range(batches):
        with database.write() as unit:
            done += unit.priorities.promote()
            unit.commit()
    return {"ms": round((time.perf_counter() - start) / max(1, done) * 1000, 3), "cases": done}


def claim(database: Database, number: int) -> float:
    """Seconds for a claim of the longest waiting case, with whatever promotion comes first."""
    start = time.perf_counter()
    with database.write() as unit:
        unit.leases.claim_next(f"reviewer {number}", minutes=60, domain="scans")
        unit.commit()
    return time.perf_counter() - start


def once(action: Callable[[], None]) -> dict[str, float]:
    """Milliseconds of the third of three calls."""
    for _ in range(3):
        start = time.perf_counter()
        action()
        took = time.perf_counter() - start
    return {"ms": round(took * 1000, 1)}


if __name__ == "__main__":
    main()
