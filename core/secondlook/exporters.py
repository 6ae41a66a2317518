"""CSV and JSON exports of cases with their assessments and decisions."""

import csv
import json
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from secondlook.codec import to_plain

if TYPE_CHECKING:
    from secondlook.store.worklist import CaseExport

COLUMNS = (
    "case", "domain", "product", "title", "status", "opened_at", "recommended", "score",
    "findings", "abstention", "adapter", "decided", "reviewer", "decided_at", "reason",
)  # fmt: skip


def write_csv(cases: "Iterable[CaseExport]", out: IO[str]) -> int:
    """One row per case: the latest assessment beside the latest decision."""
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = 0
    for item in cases:
        writer.writerow({k: _safe(v) for k, v in _row(item).items()})
        count += 1
    return count


def write_json(cases: "Iterable[CaseExport]", out: IO[str]) -> int:
    """An array with everything about each case, written as it is read."""
    count = 0
    out.write("[")
    for item in cases:
        out.write(",\n" if count else "\n")
        json.dump(to_plain(item), out, ensure_ascii=False)
        count += 1
    out.write("\n]\n")
    return count


def _row(item: "CaseExport") -> dict[str, object]:
    case, assessment = item.case, item.assessment
    decision = item.decisions[-1] if item.decisions else None
    return {
        "case": case.id,
        "domain": case.domain,
        "product": case.product,
        "title": case.title,
        "status": case.status.value,
        "opened_at": case.opened_at.isoformat(),
        "recommended": assessment and assessment.disposition,
        "score": assessment and assessment.score,
        "findings": ";".join(x.label for x in assessment.findings) if assessment else None,
        "abstention": assessment and assessment.abstention and assessment.abstention.reason,
        "adapter": assessment and assessment.provenance.adapter,
        "decided": decision and decision.disposition,
        "reviewer": decision and decision.reviewer,
        "decided_at": decision and decision.decided_at.isoformat(),
        "reason": decision and decision.reason,
    }


def _safe(value: object) -> object:
    """Keep spreadsheets from running a text as a formula (CWE-1236)."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
