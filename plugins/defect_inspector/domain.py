"""The defect inspector as a domain."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from defect_inspector.evidence import cite, image_evidence
from defect_inspector.naming import (
    CLEAR,
    NAME,
    abstain,
    band,
    contributed,
    defect_of,
    odds,
    probability,
    ratio,
    said,
    title,
)
from defect_inspector.opening import open_parts
from defect_inspector.settings import InspectorSettings
from defect_inspector.taxonomy import ANOMALY, DISPOSITIONS, TAXONOMY, with_labels
from secondlook import (
    Assessment,
    Case,
    CaseSource,
    Decision,
    Domain,
    Evidence,
    Finding,
    ImageInput,
    ModelInputs,
    ModelOutputs,
    Opened,
    Query,
    Unused,
    Verdict,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOME = frozenset({ANOMALY})


class DefectInspector(Domain):
    """Product images, compared with good parts, beside the product's manual."""

    name = NAME
    title = "Defect inspector"
    taxonomy = TAXONOMY
    dispositions = DISPOSITIONS
    settings_class = InspectorSettings
    record_kind = "manual"

    def __init__(self) -> None:
        self._settings = InspectorSettings()

    def configure(self, settings: BaseModel) -> None:
        """Take the typed settings."""
        self._settings = InspectorSettings.model_validate(settings.model_dump())
        self.taxonomy = with_labels(self._settings.labels)

    def open_cases(self, source: CaseSource) -> Iterable[Opened | Unused]:
        """One case per picture or manifest case; the manual goes with every case."""
        return open_parts(source, self.name)

    def prepare(self, case: Case, pixels: "Mapping[str, NDArray[np.uint8]]") -> ModelInputs:
        """Every picture of the part, and the manual for every label."""
        images = tuple(ImageInput(attachment=x, pixels=pixels[x]) for x in pixels)
        queries = tuple(
            Query(label=x.code, text=x.description, title=x.title) for x in self.taxonomy.labels
        )
        return ModelInputs(images=images, records=case.records, queries=queries)

    def assess(self, case: Case, outputs: ModelOutputs) -> Verdict:
        """The most unusual image decides whether the part is flagged, or its labels do."""
        abstention = abstain(case, outputs)
        if abstention is not None and not outputs.images:
            return Verdict(abstention=abstention, evidence=said(outputs))
        evidence = (*self._image_evidence(case, outputs), *said(outputs))
        worst = max(outputs.images, key=ratio, default=None)
        unusual = ratio(worst) if worst is not None else 0.0
        named = defect_of(outputs.answers, flagged=unusual > 1)
        score = max(unusual, odds(outputs.answers))
        if unusual <= 1 and named is None:
            strange = int(abstention is not None)  # a person looks before it passes for good
            return Verdict(evidence=evidence, score=score, abstention=abstention, priority=strange)
        finding = Finding(
            label=named or ANOMALY,
            title=title(named, outputs, self.taxonomy),
            score=worst.score if worst is not None else None,
            threshold=worst.threshold if worst is not None else None,
            probability=probability(outputs.answers, named),
            severity=band(worst),
            evidence=(
                *evidence,
                *contributed(outputs.answers, named),
                *cite(outputs.matches, self._settings),
            ),
        )
        return Verdict(
            findings=(finding,),
            score=score,
            priority=2 if finding.severity == CLEAR else 1,
            abstention=abstention,
        )

    def recommend(self, case: Case, verdict: Verdict) -> str | None:
        """Hold what is flagged: which limit applies is for a person to say."""
        if verdict.findings:
            return "hold"
        return None if verdict.abstention is not None else "accept"

    def decided_labels(
        self, assessment: Assessment | None, decision: Decision
    ) -> frozenset[str] | None:
        """A part that was not accepted has a defect, even where nobody said which."""
        named = super().decided_labels(assessment, decision)
        return named if named is not None or decision.disposition == "hold" else SOME

    def _image_evidence(self, case: Case, outputs: ModelOutputs) -> tuple[Evidence, ...]:
        attachments = {x.sha256: x for x in case.attachments}
        most = self._settings.max_regions
        return tuple(
            evidence
            for image in sorted(outputs.images, key=ratio, reverse=True)
            for evidence in image_evidence(image, attachments[image.attachment], outputs, most)
        )
