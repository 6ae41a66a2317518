"""The defect inspector as a domain."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from defect_inspector.deciding import ACCEPT, strict
from defect_inspector.judging import judge, seen_in
from defect_inspector.naming import NAME
from defect_inspector.opening import open_parts
from defect_inspector.reasons import REASONS
from defect_inspector.rules import ruling_passages
from defect_inspector.rulings import recommended
from defect_inspector.seeing import see
from defect_inspector.settings import InspectorSettings
from defect_inspector.taxonomy import ANOMALY, DISPOSITIONS, TAXONOMY, with_labels
from secondlook import (
    Assessment,
    Case,
    CaseSource,
    Decision,
    Domain,
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
    reasons = REASONS

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
        """Every picture of the part, and the clauses of the manual for every label."""
        images = tuple(ImageInput(attachment=x, pixels=pixels[x]) for x in pixels)
        queries = tuple(
            Query(label=x.code, text=x.description, title=x.title) for x in self.taxonomy.labels
        )
        records = tuple(ruling_passages(x) for x in case.records)
        return ModelInputs(images=images, records=records, queries=queries)

    def assess(self, case: Case, outputs: ModelOutputs) -> Verdict:
        """What the models see, judged by the manual."""
        return judge(case, see(case, outputs, self._settings, self.taxonomy), self.taxonomy)

    def recommend(self, case: Case, verdict: Verdict) -> str | None:
        """What the deciding clause asks for; hold what is flagged and no clause speaks of.

        Nothing for a part that could not be judged.
        """
        if verdict.abstention is not None:
            return None
        asked = [recommended(x.evidence) for x in verdict.findings]
        return max(asked, key=strict, default=ACCEPT)

    def rejudge(self, case: Case, assessment: Assessment) -> Verdict | None:
        """The same look, judged by the manual and pitch that the case has now."""
        seen = seen_in(case, assessment)
        return None if seen is None else judge(case, seen, self.taxonomy)

    def decided_labels(
        self, assessment: Assessment | None, decision: Decision
    ) -> frozenset[str] | None:
        """A part that was not accepted has a defect, even where nobody said which."""
        named = super().decided_labels(assessment, decision)
        return named if named is not None or decision.disposition == "hold" else SOME
