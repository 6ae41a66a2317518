"""Mentions of urgent findings in notes: which passages come close to which description."""

from collections.abc import Sequence

from radiology_assistant.settings import RadiologySettings
from radiology_assistant.taxonomy import CRITICAL, TAXONOMY, URGENT
from secondlook import Assessment, CitedPassage, Finding, Flag, PassageMatch

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
    """One finding per label that some passage comes close to; the most pressing first."""
    findings = [
        Finding(
            label=label.code,
            title=f"Note mentions: {label.title}",
            score=passages[0].similarity,
            threshold=settings.min_similarity,
            severity=label.severity,
            evidence=tuple(passages[: settings.max_passages]),
        )
        for label in TAXONOMY.labels
        if (passages := _close(matches, label.code, settings.min_similarity))
    ]
    return tuple(sorted(findings, key=lambda x: (-priority(x), -(x.score or 0))))


def priority(finding: Finding) -> int:
    """2 for a critical finding, 1 for an urgent one, else 0."""
    return PRIORITY.get(finding.severity or "", 0)


def mention_flags(assessment: Assessment) -> Sequence[Flag]:
    """The caution about negation, if the assessment shows a mention."""
    cited = (isinstance(e, CitedPassage) for f in assessment.findings for e in f.evidence)
    return (NEGATION,) if any(cited) else ()


def _close(matches: Sequence[PassageMatch], label: str, least: float) -> list[CitedPassage]:
    close = [x for x in matches if x.query.label == label and x.similarity >= least]
    return [_cite(x) for x in sorted(close, key=lambda x: -x.similarity)]


def _cite(match: PassageMatch) -> CitedPassage:
    return CitedPassage(
        record=match.record.sha256,
        record_name=match.record.name,
        text=match.passage.text,
        start=match.passage.start,
        end=match.passage.end,
        line=match.passage.line,
        page=match.passage.page,
        similarity=match.similarity,
        query=match.query.text,
    )
