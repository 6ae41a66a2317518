"""CSV and JSON exports of cases with their assessments and decisions.

The tables hold no text of a record but the rules of product documents that were held against what
was found: a note about a person is never quoted in them.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, TypeVar

from secondlook.assessments import Assessment, Finding
from secondlook.codec import to_plain
from secondlook.decisions import Act, Decision, FindingAct
from secondlook.evidence import Evidence, Measurement, Region, Ruling

if TYPE_CHECKING:
    from secondlook.store.worklist import CaseExport

COLUMNS = (
    "case", "domain", "product", "title", "status", "opened_at", "recommended", "score",
    "findings", "abstention", "adapter", "decided", "reviewer", "decided_at", "reason",
    "manual_revision", "regions", "measurements", "clause", "clause_asks_for", "decided_findings",
    "case_revision", "outdated", "later_look", "later_recommended", "decided_severity",
    "reason_codes", "how_decided", "first_reader",
)  # fmt: skip
FINDING_COLUMNS = (
    "case", "domain", "product", "manual_revision", "title", "status", "finding", "finding_title",
    "found_by", "score", "threshold", "probability", "severity", "site", "regions", "measurements",
    "measured", "limit", "clause", "clause_text", "clause_page", "clause_line", "clause_asks_for",
    "recommended", "act", "decided", "reviewer", "decided_at", "case_revision", "outdated",
    "act_becomes", "act_severity", "act_site", "act_area", "act_comment",
)  # fmt: skip
_FORMULA = re.compile(r"""((?:^|[;\t\r\n])[ "\xa0\ufeff]*)([=+\-@＝＋－＠])""")
"""What begins like a formula (in full width as well), and what stands before it in its cell."""
Row = Mapping[str, object]
Kind = TypeVar("Kind", bound=Evidence)


def write_csv(cases: "Iterable[CaseExport]", out: IO[str]) -> int:
    """One row per case: the latest assessment beside the latest decision.

    Of a decided case it is the assessment that the person saw. `manual_revision` is the one that
    this assessment was made under, `case_revision` the one that the case is under: where both
    differ, `outdated` says so.
    """
    return _table(COLUMNS, ((_row(x),) for x in cases), out)


def write_findings(cases: "Iterable[CaseExport]", out: IO[str]) -> int:
    """One row per finding, the machine's and those a person added; none for a case without."""
    return _table(FINDING_COLUMNS, map(_finding_rows, cases), out)


def write_json(cases: "Iterable[CaseExport]", out: IO[str]) -> int:
    """An array with everything about each case, written as it is read."""
    count = 0
    out.write("[")
    for item in cases:
        out.write(",\n" if count else "\n")
        json.dump(to_plain(item) | {"outdated": item.outdated}, out, ensure_ascii=False)
        count += 1
    out.write("\n]\n")
    return count


def _table(columns: Sequence[str], cases: Iterable[Sequence[Row]], out: IO[str]) -> int:
    """The rows of each case; how many cases there were."""
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    count = 0
    for rows in cases:
        writer.writerows({k: _safe(v) for k, v in row.items()} for row in rows)
        count += 1
    return count


def _row(item: "CaseExport") -> Row:
    case, assessment = item.case, item.assessment
    decision = item.decision
    seen = tuple(_evidence(assessment))
    ruling = _decisive(seen)
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
        "manual_revision": _revision(item),
        "regions": _regions(seen),
        "measurements": _measurements(seen),
        "clause": ruling and _place(ruling),
        "clause_asks_for": ruling and ruling.disposition,
        "decided_findings": decision and ";".join(x.held for x in decision.acts if x.held),
        "case_revision": case.spec and case.spec.revision,
        "outdated": item.outdated,
        "later_look": item.later and item.later.created_at.isoformat(),
        "later_recommended": item.later and item.later.disposition,
        "decided_severity": decision and decision.severity,
        "reason_codes": decision and ";".join(decision.reason_codes),
        "how_decided": decision and decision.how.value,
        "first_reader": decision and _first_reader(item, decision),
    }


def _first_reader(item: "CaseExport", decision: Decision) -> str | None:
    """Who read the case before the reader who decided it."""
    return next((x.reviewer for x in item.reads if x.id == decision.second_to), None)


def _revision(item: "CaseExport") -> str | None:
    """Of the manual that the assessment was made under; of the case's, where there is none."""
    spec = item.assessment.provenance.spec if item.assessment else item.case.spec
    return spec.revision if spec else None


def _finding_rows(item: "CaseExport") -> list[Row]:
    decision = item.decision
    acts = decision.acts if decision else ()
    machine = item.assessment.findings if item.assessment else ()
    on_machine = {x.label: x for x in acts if x.act is not Act.ADD}
    named = {x.label for x in machine}
    further = [x for x in acts if x.act is Act.ADD or x.label not in named]
    rows: list[Row] = [
        _found(x) | _of_case(item) | _acted(on_machine.get(x.label)) for x in machine
    ]
    rows += [
        {"finding": x.label, "found_by": "person"} | _of_case(item) | _acted(x)
        for x in sorted(further, key=lambda act: act.label)
    ]
    return rows


def _acted(act: FindingAct | None) -> dict[str, object]:
    """What the person did with a finding; nothing for a finding that they left alone."""
    if act is None:
        return {}
    area = act.area
    return {
        "act": act.act,
        "act_becomes": act.becomes,
        "act_severity": act.severity,
        "act_site": act.site,
        "act_area": area and f"at {area.left},{area.top} size {area.width}x{area.height}",
        "act_comment": act.comment,
    }


def _of_case(item: "CaseExport") -> dict[str, object]:
    row = _row(item)
    return {x: row[x] for x in FINDING_COLUMNS if x in row and x not in _FOUND}


_FOUND = frozenset(("score", "regions", "measurements", "clause", "clause_asks_for"))
"""Columns of both tables that say something else here: they are of the finding, not the case."""


def _found(finding: Finding) -> dict[str, object]:
    ruling = _decisive(finding.evidence)
    return {
        "finding": finding.label,
        "finding_title": finding.title,
        "found_by": "machine",
        "score": finding.score,
        "threshold": finding.threshold,
        "probability": finding.probability,
        "severity": finding.severity,
        "site": finding.site,
        "regions": _regions(finding.evidence),
        "measurements": _measurements(finding.evidence),
        "measured": ruling and ruling.measured,
        "limit": ruling and ruling.limit,
        "clause": ruling and _place(ruling),
        "clause_text": ruling and ruling.text,
        "clause_page": ruling and ruling.page,
        "clause_line": ruling and ruling.line,
        "clause_asks_for": ruling and ruling.disposition,
    }


def _evidence(assessment: Assessment | None) -> Iterator[Evidence]:
    if assessment is not None:
        for finding in assessment.findings:
            yield from finding.evidence
        yield from assessment.evidence


def _each(seen: Iterable[Evidence], kind: type[Kind]) -> list[Kind]:
    """Those of one kind, each once."""
    return list(dict.fromkeys(x for x in seen if isinstance(x, kind)))


def _decisive(seen: Iterable[Evidence]) -> Ruling | None:
    """The rule that decides; else the first that applies."""
    rulings = _each(seen, Ruling)
    applying = (x for x in rulings if x.applies)
    return next((x for x in rulings if x.decides), None) or next(applying, None)


def _regions(seen: Iterable[Evidence]) -> str:
    """`1 at 10,20 size 30x40`, in pixels from the top left."""
    return "; ".join(
        f"{x.name or number} at {x.left},{x.top} size {x.width}x{x.height}"
        for number, x in enumerate(_each(seen, Region), start=1)
    )


def _measurements(seen: Iterable[Evidence]) -> str:
    """`1: length 6.2 mm`; without the name of a region it is of the whole case."""
    return "; ".join(
        (f"{x.region}: " if x.region else "") + f"{x.name} {x.value:.6g} {x.unit}".rstrip()
        for x in _each(seen, Measurement)
    )


def _place(ruling: Ruling) -> str:
    """`manual.pdf 4.2, page 3, line 120`."""
    name = f"{ruling.record_name} {ruling.number}" if ruling.number else ruling.record_name
    page = f", page {ruling.page}" if ruling.page is not None else ""
    return f"{name}{page}, line {ruling.line}"


def _safe(value: object) -> object:
    """Keep spreadsheets from running a text as a formula (CWE-1236).

    A spreadsheet that takes semicolons or tabs for the ends of cells sees cells inside the text,
    and lines inside it too: each of them may begin like a formula.
    """
    if not isinstance(value, str):
        return value
    text = _FORMULA.sub(r"\1'\2", value)
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) else text
