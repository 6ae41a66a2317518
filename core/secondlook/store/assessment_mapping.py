"""Assessments to rows and back."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.assessments import Assessment, Finding, Provenance
from secondlook.evidence import Evidence
from secondlook.store.assessment_tables import AssessmentRow, EvidenceRow, FindingRow
from secondlook.store.base import storable
from secondlook.store.values import ABSTENTION, BACKBONES, EVIDENCE, FLAGS, SPEC, finite

Key = tuple[str, int | None]
"""An assessment and the ordinal of one of its findings (None: the case as a whole)."""


def assessment_row(assessment: Assessment, ordinal: int) -> dict[str, Any]:
    """Column values of an assessment without its findings and evidence."""
    abstention, provenance = assessment.abstention, assessment.provenance
    return {
        "id": assessment.id,
        "case_id": assessment.case_id,
        "ordinal": ordinal,
        "created_at": assessment.created_at,
        "adapter": provenance.adapter or "",
        "inputs": provenance.inputs,
        "rejudged": provenance.rejudged or "",
        "spec": provenance.spec and SPEC.dump_python(provenance.spec, mode="json"),
        "code_version": provenance.code_version,
        "backbones": BACKBONES.dump_python(provenance.backbones, mode="json"),
        "disposition": assessment.disposition,
        "abstention": abstention and ABSTENTION.dump_python(abstention, mode="json"),
        "flags": FLAGS.dump_python(assessment.flags, mode="json"),
        "score": finite(assessment.score, "the score of an assessment"),
        "priority": assessment.priority,
    }


def finding_row(assessment: Assessment, ordinal: int) -> dict[str, Any]:
    """Column values of one finding."""
    finding = assessment.findings[ordinal]
    numbers = {
        name: finite(getattr(finding, name), f"the {name} of a finding")
        for name in ("score", "threshold", "probability")
    }
    return {
        "assessment_id": assessment.id,
        "ordinal": ordinal,
        "label": finding.label,
        "title": storable(finding.title, "the title of a finding"),
        "site": finding.site,
        "severity": finding.severity,
        **numbers,
    }


def evidence_row(
    assessment: str, ordinal: int, finding: int | None, evidence: Evidence
) -> dict[str, Any]:
    """Column values of one piece of evidence."""
    payload = EVIDENCE.dump_python(evidence, mode="json")
    for name, value in payload.items():
        if isinstance(value, float):
            finite(value, f"the {name} of a {evidence.kind}")
    return {
        "assessment_id": assessment,
        "ordinal": ordinal,
        "finding": finding,
        "kind": evidence.kind,
        "payload": payload,
    }


def assessments_of(session: Session, cases: Sequence[str]) -> dict[str, tuple[Assessment, ...]]:
    """The assessments of each of these cases, the standing one last; every case has an entry."""
    rows = session.scalars(
        select(AssessmentRow)
        .where(AssessmentRow.case_id.in_(cases))
        .order_by(AssessmentRow.case_id, AssessmentRow.ordinal)
    ).all()
    evidence = _evidence(session, cases)
    findings = _findings(session, cases, evidence)
    found: dict[str, list[Assessment]] = {case: [] for case in cases}
    for row in rows:
        found[row.case_id].append(_assessment(row, findings[row.id], evidence[row.id, None]))
    return {case: tuple(history) for case, history in found.items()}


def _evidence(session: Session, cases: Sequence[str]) -> dict[Key, list[Evidence]]:
    rows = session.scalars(
        select(EvidenceRow)
        .join(AssessmentRow, AssessmentRow.id == EvidenceRow.assessment_id)
        .where(AssessmentRow.case_id.in_(cases))
        .order_by(EvidenceRow.assessment_id, EvidenceRow.ordinal)
    )
    found: dict[Key, list[Evidence]] = defaultdict(list)
    for row in rows:
        found[row.assessment_id, row.finding].append(EVIDENCE.validate_python(row.payload))
    return found


def _findings(
    session: Session, cases: Sequence[str], evidence: dict[Key, list[Evidence]]
) -> dict[str, list[Finding]]:
    rows = session.scalars(
        select(FindingRow)
        .join(AssessmentRow, AssessmentRow.id == FindingRow.assessment_id)
        .where(AssessmentRow.case_id.in_(cases))
        .order_by(FindingRow.assessment_id, FindingRow.ordinal)
    )
    found: dict[str, list[Finding]] = defaultdict(list)
    for row in rows:
        found[row.assessment_id].append(_finding(row, evidence[row.assessment_id, row.ordinal]))
    return found


def _finding(row: FindingRow, evidence: Sequence[Evidence]) -> Finding:
    return Finding(
        label=row.label,
        title=row.title,
        score=row.score,
        threshold=row.threshold,
        probability=row.probability,
        site=row.site,
        severity=row.severity,
        evidence=tuple(evidence),
    )


def _assessment(
    row: AssessmentRow, findings: Sequence[Finding], evidence: Sequence[Evidence]
) -> Assessment:
    abstention = row.abstention
    return Assessment(
        id=row.id,
        case_id=row.case_id,
        created_at=row.created_at,
        provenance=Provenance(
            code_version=row.code_version,
            inputs=row.inputs,
            adapter=row.adapter or None,
            backbones=BACKBONES.validate_python(row.backbones),
            spec=None if row.spec is None else SPEC.validate_python(row.spec),
            rejudged=row.rejudged or None,
        ),
        findings=tuple(findings),
        evidence=tuple(evidence),
        disposition=row.disposition,
        abstention=None if abstention is None else ABSTENTION.validate_python(abstention),
        flags=FLAGS.validate_python(row.flags),
        score=row.score,
        priority=row.priority,
    )
