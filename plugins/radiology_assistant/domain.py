"""The radiology assistant as a domain."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from radiology_assistant.evidence import find_mentions, priority
from radiology_assistant.opening import open_exams
from radiology_assistant.settings import RadiologySettings
from radiology_assistant.taxonomy import DISPOSITIONS, TAXONOMY
from secondlook import (
    Abstention,
    Case,
    CaseSource,
    Domain,
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


class RadiologyAssistant(Domain):
    """Scans with the notes that came with them. Images are not assessed yet."""

    name = "radiology-assistant"
    title = "Radiology assistant"
    taxonomy = TAXONOMY
    dispositions = DISPOSITIONS
    settings_class = RadiologySettings
    image_first = True
    record_kind = "note"

    def __init__(self) -> None:
        self._settings = RadiologySettings()

    def configure(self, settings: BaseModel) -> None:
        """Take the typed settings."""
        self._settings = RadiologySettings.model_validate(settings.model_dump())

    def open_cases(self, source: CaseSource) -> Iterable[Opened | Unused]:
        """One case per study, volume, photo or manifest case."""
        return open_exams(source, self.name)

    def prepare(self, case: Case, pixels: "Mapping[str, NDArray[np.uint8]]") -> ModelInputs:
        """The notes alone: a bank of good parts is no model of an exam, so no image is given."""
        return ModelInputs(records=case.records, queries=QUERIES)

    def assess(self, case: Case, outputs: ModelOutputs) -> Verdict:
        """Mentions in the notes, and that the images were not assessed."""
        findings = find_mentions(outputs.matches, self._settings)
        top = max((priority(x) for x in findings), default=0)
        scores = [x.score or 0.0 for x in findings if priority(x) == top]
        return Verdict(
            findings=findings,
            abstention=_abstain(case),
            score=max(scores, default=0.0),
            priority=top,
        )

    def recommend(self, case: Case, verdict: Verdict) -> str:
        """`not_assessed`: a mention in a note is no reason to call an exam urgent or routine."""
        return "not_assessed"


def _abstain(case: Case) -> Abstention:
    if not case.images() and not case.records:
        return Abstention(
            part="case",
            reason="nothing_to_read",
            message="The case has no image and no note that can be read: look at its files.",
        )
    if not case.images():
        return Abstention(
            part="image",
            reason="no_image",
            message="The case has no image; only its notes were searched for mentions.",
        )
    return Abstention(
        part="image" if case.records else "case",
        reason="no_adapter",
        message=(
            f"No adapter fits {_kinds(case)}; the image was not assessed; "
            "this says nothing about whether it is normal."
        ),
    )


def _kinds(case: Case) -> str:
    """What was not assessed: the modalities where they are known."""
    known = {str(x) for a in case.images() if (x := a.facts.get("modality"))}
    return f"{', '.join(sorted(known))} images" if known else "this kind of image"
