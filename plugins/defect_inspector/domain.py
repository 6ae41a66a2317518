"""The defect inspector as a domain."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from defect_inspector.evidence import cite, image_evidence
from defect_inspector.opening import open_parts
from defect_inspector.settings import InspectorSettings
from defect_inspector.taxonomy import ANOMALY, DISPOSITIONS, TAXONOMY
from secondlook import (
    Abstention,
    Case,
    CaseSource,
    Domain,
    Evidence,
    Finding,
    ImageInput,
    ImageOutputs,
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

QUERIES = tuple(Query(label=x.code, text=x.description) for x in TAXONOMY.labels)


class DefectInspector(Domain):
    """Product images, compared with good parts, beside the product's manual."""

    name = "defect-inspector"
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

    def open_cases(self, source: CaseSource) -> Iterable[Opened | Unused]:
        """One case per picture or manifest case; the manual goes with every case."""
        return open_parts(source, self.name)

    def prepare(self, case: Case, pixels: "Mapping[str, NDArray[np.uint8]]") -> ModelInputs:
        """Every picture of the part, and the manual for every label."""
        images = tuple(ImageInput(attachment=x, pixels=pixels[x]) for x in pixels)
        return ModelInputs(images=images, records=case.records, queries=QUERIES)

    def assess(self, case: Case, outputs: ModelOutputs) -> Verdict:
        """The most unusual image decides whether the part is flagged."""
        if not outputs.images:
            return Verdict(abstention=_abstain(case))
        evidence = self._image_evidence(case, outputs)
        worst = max(outputs.images, key=_ratio)
        if _ratio(worst) <= 1:
            return Verdict(evidence=evidence, score=_ratio(worst))
        finding = Finding(
            label=ANOMALY,
            title=TAXONOMY[ANOMALY].title.capitalize(),
            score=worst.score,
            threshold=worst.threshold,
            evidence=(*evidence, *cite(outputs.matches, self._settings)),
        )
        return Verdict(findings=(finding,), score=_ratio(worst), priority=1)

    def recommend(self, case: Case, verdict: Verdict) -> str | None:
        """Hold what is flagged: which limit applies is for a person to say."""
        if verdict.abstention is not None:
            return None
        return "hold" if verdict.findings else "accept"

    def _image_evidence(self, case: Case, outputs: ModelOutputs) -> tuple[Evidence, ...]:
        attachments = {x.sha256: x for x in case.attachments}
        most = self._settings.max_regions
        return tuple(
            evidence
            for image in sorted(outputs.images, key=_ratio, reverse=True)
            for evidence in image_evidence(image, attachments[image.attachment], outputs, most)
        )


def _ratio(image: ImageOutputs) -> float:
    """Score in units of the threshold: above 1 is flagged, whatever the backbone."""
    return image.score / image.threshold


def _abstain(case: Case) -> Abstention:
    if not case.images():
        return Abstention(
            part="case",
            reason="no_image",
            message="The case has no picture that can be inspected: add one.",
        )
    product = f" --product {case.product}" if case.product else ""
    return Abstention(
        part="image",
        reason="no_adapter",
        message=(
            "No adapter fits, so the image was not inspected. Learn one from pictures of good "
            f"parts: secondlook learn {DefectInspector.name} --goods DIR{product}"
        ),
    )
