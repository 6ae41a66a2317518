"""Claims by the reviewer whose own first reads fill the head of the list, and pages by stage.

python tests/benchmarks/second_reads.py [--cases 1000000] [--own 20000] [--url URL]
"""

import time
from typing import Any

from bench_databases import AUDIT_KEY, arguments, databases, load_cases, report, spread
from sqlalchemy import text

from secondlook.reviewing import Stage
from secondlook.store.database import Database
from secondlook.store.worklist import WorklistFilter

STAGES = (
    (Stage.SECOND, "is_open AND priority = 2"),
    (Stage.ADJUDICATION, "is_open AND priority = 1 AND status = 'failed'"),
)


def main() -> None:
    """Load, measure, print."""
    options = arguments(__doc__ or "", cases=1_000_000, own=20_000)
    with databases(options.url) as urls:
        report({name: measure(url, options.cases, options.own) for name, url in urls})


def measure(url: str, cases: int, own: int) -> dict[str, Any]:
    """All figures of one database."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    load_cases(database.engine, cases)
    figures: dict[str, Any] = {
        "cases": cases,
        "claim, nothing read before": spread([claim(database, f"new {x}") for x in range(30)]),
    }
    for stage, which in STAGES:
        figures[stage] = put(database, stage, which, own)
    figures["claim by the first reader of all of them"] = spread(
        [claim(database, "reader") for _ in range(30)]
    )
    figures["claim by somebody else"] = spread([claim(database, f"else {x}") for x in range(30)])
    for stage, _ in STAGES:
        wanted = WorklistFilter(domain="parts", stages=frozenset({stage}))
        figures[f"page of {stage}"] = spread([page(database, wanted) for _ in range(30)])
    figures["page, all domains"] = spread([page(database, WorklistFilter()) for _ in range(30)])
    database.dispose()
    return figures


def put(database: Database, stage: Stage, which: str, most: int) -> int:
    """Put the first cases of the list into a stage; how many."""
    some = f"SELECT id FROM cases WHERE {which} ORDER BY turn DESC LIMIT {most}"  # noqa: S608 - ours
    change = f"UPDATE cases SET stage = :stage, for_leads = :leads, first_reader = 'reader' WHERE id IN ({some})"  # noqa: S608 - ours
    with database.engine.begin() as connection:
        values = {"stage": stage.value, "leads": stage.for_leads}
        return connection.execute(text(change), values).rowcount


def claim(database: Database, by: str) -> float:
    """Seconds for a claim that is taken back."""
    start = time.perf_counter()
    with database.write() as unit:
        unit.leases.claim_next(by, minutes=60)
        took = time.perf_counter() - start
    return took


def page(database: Database, wanted: WorklistFilter) -> float:
    """Seconds for a first page of 50."""
    start = time.perf_counter()
    with database.read() as unit:
        unit.worklist.page(wanted)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
