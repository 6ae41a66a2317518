"""Mentions of urgent findings in notes: which passages come close to which description."""

from collections.abc import Sequence

from radiology_assistant.naming import names
from radiology_assistant.settings import RadiologySettings
from radiology_assistant.taxonomy import CRITICAL, TAXONOMY, URGENT
from secondlook import Assessment, CitedPassage, Finding, Flag, Label, PassageMatch

PRIORITY = {CRITICAL: 2, URGENT: 1}
NEGATION = Flag(
    code="negation_not_read",
    message=(
        'A mention is not a finding: "no pneumothorax" and a question about one are shown '
        "like the finding itself. Read the passage."
    ),
)


def find_mentions(
    matches: Sequence[PassageMatch], settings: RadiologySettings
) -> tuple[Finding, ...]:
    """One finding per label that some passage comes close to; the most pressing first.

    Only where a passage also names the label does the finding carry the label's severity.
    """
    findings = [
        _finding(label, close, settings)
        for label in TAXONOMY.labels
        if (close := _close(matches, label.code, settings.min_similarity))
    ]
    return tuple(sorted(findings, key=lambda x: (-priority(x), -(x.score or 0))))


def _finding(label: Label, close: Sequence[PassageMatch], settings: RadiologySettings) -> Finding:
    named = [x for x in close if names(x.passage.text, label.code)]
    shown = [*named, *(x for x in close if x not in named)][: settings.max_passages]
    return Finding(
        label=label.code,
        title=f"Note {'mentions' if named else 'comes close to'}: {label.title}",
        score=close[0].similarity,
        threshold=settings.min_similarity,
        severity=label.severity if named else None,
        evidence=tuple(x.cite() for x in shown),
    )


def priority(finding: Finding) -> int:
    """2 for a critical finding that is named, 1 for an urgent one, else 0."""
    return PRIORITY.get(finding.severity or "", 0)


def mention_flags(assessment: Assessment) -> Sequence[Flag]:
    """The caution about negation, if the assessment shows a mention."""
    cited = (isinstance(e, CitedPassage) for f in assessment.findings for e in f.evidence)
    return (NEGATION,) if any(cited) else ()


def _close(matches: Sequence[PassageMatch], label: str, least: float) -> list[PassageMatch]:
    close = [x for x in matches if x.query.label == label and x.similarity >= least]
    return sorted(close, key=lambda x: -x.similarity)
