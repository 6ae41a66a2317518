"""Findings in real reports, where the data are there: a guard on the half that rules were made on.

The figure itself is measured by `tests/benchmarks/findings.py`.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import findings

LEAST = 0.95
"""Of all labels together; rare ones are too few in so many reports to be counted alone."""


def test_reports_are_read_as_well_as_when_the_rules_were_made(shared_data: Path) -> None:
    rows = findings.rows_of(shared_data / "openi_reports" / "reports.csv.gz")
    half = [x for x in rows if findings.develops(x)][:400]
    hits = misses = 0
    for row in half:
        true = {x for x in (*findings.COLUMNS, findings.NORMAL) if row[x] == "1"}
        found = findings.found_in(row)
        hits += 2 * len(true & found)
        misses += len(true ^ found)
    assert hits / (hits + misses) >= LEAST
