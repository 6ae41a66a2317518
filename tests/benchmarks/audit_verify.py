"""How fast the audit trail verifies, and whether one edited row and one cut tail are found.

python tests/benchmarks/audit_verify.py [--cases 5000] [--url URL]

Every case is opened, assessed and decided through the store itself: three events, with an
assessment and a decision that `verify` compares with what their events say.
"""

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bench_databases import AUDIT_KEY, arguments, databases, report
from sqlalchemy import text

from secondlook.store.audit import AuditReport
from secondlook.store.database import Database
from store_values import assessment, behind_the_triggers, new_case

BATCH = 100


def main() -> None:
    """Load, verify, tamper, verify again, print."""
    options = arguments(__doc__ or "", cases=5000)
    with databases(options.url) as urls:
        report({name: measure(url, options.cases) for name, url in urls})


def measure(url: str, cases: int) -> dict[str, Any]:
    """All figures of one database."""
    database = Database.connect(url, audit_key=AUDIT_KEY)
    names: list[str] = []
    for first in range(0, cases, BATCH):
        names += load(database, range(first, min(first + BATCH, cases)))
    seconds, honest = verified(database)
    edited, cut = names[cases // 3], names[cases // 2]
    with behind_the_triggers(database) as connection:
        change = "UPDATE audit_events SET actor = 'eve' WHERE chain = :chain AND seq = 2"
        connection.execute(text(change), {"chain": edited})
        tail = "DELETE FROM audit_events WHERE chain = :chain AND seq = 3"
        connection.execute(text(tail), {"chain": cut})
    _, tampered = verified(database)
    database.dispose()
    found = {(p.chain, p.seq) for p in tampered.problems}
    return {
        "events": honest.events,
        "seconds": round(seconds, 2),
        "events_per_s": round(honest.events / seconds),
        "problems_before_tampering": len(honest.problems),
        "edited_row_found": (edited, 2) in found,
        "cut_tail_found": (cut, 3) in found,
        "problems_after_tampering": len(tampered.problems),
    }


def load(database: Database, numbers: range) -> list[str]:
    """Open, assess and decide some cases in one transaction; their ids."""
    names = []
    with database.write() as unit:
        for number in numbers:
            case = unit.cases.add(new_case(str(number)), actor="worker").id
            unit.assessments.add(assessment(case), actor="worker")
            unit.decisions.add(case, reviewer="ann", disposition="accept")
            names.append(case)
        unit.commit()
    return names


def verified(database: Database) -> tuple[float, AuditReport]:
    """Seconds and the report of one verification."""
    start = time.perf_counter()
    with database.read() as unit:
        found = unit.audit.verify()
    return time.perf_counter() - start, found


if __name__ == "__main__":
    main()
