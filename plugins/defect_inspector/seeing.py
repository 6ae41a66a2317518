"""What the models see on a part, before any clause is held against it."""

from defect_inspector.abstaining import abstain
from defect_inspector.evidence import cite, image_evidence
from defect_inspector.naming import (
    CLEAR,
    band,
    contributed,
    defect_of,
    distinctness,
    probability,
    ratio,
    resembling,
    said,
    severity_of,
    title,
    urgency,
)
from defect_inspector.places import find_places
from defect_inspector.settings import InspectorSettings
from defect_inspector.taxonomy import ANOMALY
from secondlook import Case, Evidence, Finding, ModelOutputs, Taxonomy, Verdict


def see(
    case: Case, outputs: ModelOutputs, settings: InspectorSettings, taxonomy: Taxonomy
) -> Verdict:
    """The most unusual image decides whether the part is flagged, or its labels do."""
    abstention = abstain(case, outputs)
    if abstention is not None and not outputs.images:
        return Verdict(abstention=abstention, evidence=said(outputs))
    worst = max(outputs.images, key=ratio, default=None)
    unusual = ratio(worst) if worst is not None else 0.0
    named = defect_of(outputs.answers, flagged=unusual > 1)
    score = urgency(unusual, outputs.answers)
    if unusual <= 1 and named is None:
        strange = int(abstention is not None)  # a person looks before it passes for good
        evidence = (*_images(outputs), *said(outputs))
        return Verdict(evidence=evidence, score=score, abstention=abstention, priority=strange)
    finding = _finding(case, outputs, named, settings, taxonomy)
    return Verdict(
        findings=(finding,),
        score=score,
        priority=2 if distinctness(finding.evidence) == CLEAR else 1,
        abstention=abstention,
    )


def _finding(
    case: Case,
    outputs: ModelOutputs,
    named: str | None,
    settings: InspectorSettings,
    taxonomy: Taxonomy,
) -> Finding:
    worst = max(outputs.images, key=ratio, default=None)
    evidence = (
        *_images(outputs),
        *find_places(case, outputs.images, settings.max_regions),
        *band(worst),
        *said(outputs),
        *contributed(outputs.answers, named),
        *resembling(named, outputs),
        *cite(outputs.matches, settings),
    )
    return Finding(
        label=named or ANOMALY,
        title=title(named or ANOMALY, evidence, taxonomy),
        score=worst.score if worst is not None else None,
        threshold=worst.threshold if worst is not None else None,
        probability=probability(outputs.answers, named),
        severity=severity_of(evidence),
        evidence=evidence,
    )


def _images(outputs: ModelOutputs) -> tuple[Evidence, ...]:
    """Map and nearest good part of every picture, the most unusual first."""
    images = sorted(outputs.images, key=ratio, reverse=True)
    return tuple(x for image in images for x in image_evidence(image, outputs))
