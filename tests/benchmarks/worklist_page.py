"""How long a page of the worklist takes in a million cases, first page and random places.

python tests/benchmarks/worklist_page.py [--cases 1000000] [--pages 300] [--url URL]
"""

import random
import time
from collections.abc import Callable
from typing import Any

from bench_databases import AUDIT_KEY, arguments, databases, load_cases, report, spread
from sqlalchemy import select

from secondlook.cases import CaseStatus
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
}


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
    database.dispose()
    return figures


def random_places(database: Database, pages: int) -> list[Cursor]:
    """The places of random cases, wherever they stand in the order."""
    query = select(CaseRow.priority, CaseRow.score, CaseRow.id)
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


def once(action: Callable[[], None]) -> dict[str, float]:
    """Milliseconds of the third of three calls."""
    for _ in range(3):
        start = time.perf_counter()
        action()
        took = time.perf_counter() - start
    return {"ms": round(took * 1000, 1)}


if __name__ == "__main__":
    main()
