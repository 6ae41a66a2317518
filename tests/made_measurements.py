"""Measured cases without any model: what is true of each, and what a first look said."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from secondlook import (
    Abstention,
    Assessment,
    Attachment,
    Case,
    Evidence,
    Finding,
    LabelProbabilities,
    Provenance,
    Role,
)
from secondlook.cases import GROUP, Facts
from secondlook_workflows.datasets import Labelled
from secondlook_workflows.measuring import Measured, Measurement

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def measured(
    labels: Sequence[str] = (),
    *,
    patient: str | None = None,
    score: float = 0.0,
    findings: Sequence[Finding] = (),
    probabilities: Mapping[str, float] | None = None,
    abstained: str | None = None,
    facts: Facts | None = None,
    files: Sequence[Facts] = (),
) -> Measured:
    """One case; `facts` are what a manifest says, `files` those of its pictures."""
    name = uuid4().hex
    evidence: tuple[Evidence, ...] = ()
    if probabilities is not None:
        evidence = (LabelProbabilities(probabilities=probabilities, possible=(), coverage=0.9),)
    case = Case(
        id=name,
        domain="exams",
        title=name,
        product=None,
        attachments=tuple(_picture(x) for x in files),
        records=(),
        opened_at=NOON,
        facts={GROUP: patient} if patient else {},
    )
    look = Assessment(
        id=name,
        case_id=name,
        created_at=NOON,
        provenance=Provenance(code_version="0", inputs=name),
        findings=tuple(findings),
        evidence=evidence,
        abstention=Abstention(part="case", reason=abstained, message=".") if abstained else None,
        score=score,
    )
    told = Labelled(case=case, labels=frozenset(labels), paths={}, facts=facts or {})
    return Measured(told, look)


def measurement(cases: Sequence[Measured]) -> Measurement:
    """All of them."""
    return Measurement(list(cases))


def raised(label: str, probability: float = 0.9, threshold: float | None = None) -> Finding:
    """A finding of an adapter."""
    return Finding(label=label, title=label, probability=probability, threshold=threshold)


def _picture(facts: Facts) -> Attachment:
    return Attachment(
        sha256=uuid4().hex * 2,
        name=Path("a.png").name,
        media_type="image/png",
        size=1,
        role=Role.IMAGE,
        facts=facts,
    )
