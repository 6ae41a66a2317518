"""The radiology assistant as a domain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel

from radiology_assistant.evidence import find_mentions, priority
from radiology_assistant.intended_use import INTENDED_USE
from radiology_assistant.learned import (
    abstain,
    joined,
    learned_findings,
    said,
    unread,
    usable,
)
from radiology_assistant.notes import before_reading
from radiology_assistant.opening import open_exams
from radiology_assistant.policy import Placed, Policy, refusal, thresholds_of
from radiology_assistant.reasons import REASONS
from radiology_assistant.series_panel import series_panel
from radiology_assistant.settings import RadiologySettings
from radiology_assistant.taxonomy import DISPOSITIONS, SEVERITIES, TAXONOMY
from secondlook import (
    Abstention,
    Assessment,
    Case,
    CaseSource,
    Decision,
    Domain,
    Finding,
    Label,
    ModelInputs,
    ModelOutputs,
    Opened,
    Panel,
    Query,
    Queue,
    Record,
    Unused,
    Verdict,
    image_inputs,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUERIES = tuple(Query(label=x.code, text=x.description, title=x.title) for x in TAXONOMY.labels)


class RadiologyAssistant(Domain):
    """Scans with the notes that came with them."""

    name = "radiology-assistant"
    title = "Radiology assistant"
    taxonomy = TAXONOMY
    dispositions = DISPOSITIONS
    settings_class = RadiologySettings
    image_first = True
    record_kind = "note"
    intended_use = INTENDED_USE
    flips = False
    learns = ("labelled",)
    """A bank of good parts is no model of an exam."""
    eligible_by = ("modality", "body_part", "view", "age_years")
    deidentify = True
    reasons = REASONS

    def __init__(self) -> None:
        self._settings = RadiologySettings()

    @property
    def severities(self) -> tuple[Label, ...]:
        """How pressing a finding is, in the words of the bands."""
        return SEVERITIES

    @property
    def sensitivity(self) -> float:
        """A finding is reported from the threshold that finds this share of those that have it."""
        return self._settings.sensitivity

    def configure(self, settings: BaseModel) -> None:
        """Take the typed settings."""
        self._settings = RadiologySettings.model_validate(settings.model_dump())
        self.triage_only = self._settings.triage_only

    def queue(self) -> Queue:
        """Bands with the site's limits, by waiting time inside a band."""
        return self._settings.triage.queue()

    def open_cases(self, source: CaseSource) -> Iterable[Opened | Unused]:
        """One case per study, volume, photo or manifest case."""
        return open_exams(source, self.name)

    def prepare(self, case: Case, pixels: "Mapping[str, NDArray[np.uint8]]") -> ModelInputs:
        """Pictures and slices, as far as an adapter may see them, and the notes."""
        images = image_inputs(case.attachments, pixels)
        records = (self._readable(x) for x in case.records)
        notes = tuple(x for x in records if x.passages)
        return ModelInputs(images=images, records=notes, queries=QUERIES)

    def _readable(self, record: Record) -> Record:
        """The note as far as it was written before the exam is read, unless told otherwise."""
        if self._settings.read_reports:
            return record
        return replace(record, passages=before_reading(record))

    def assess(self, case: Case, outputs: ModelOutputs) -> Verdict:
        """What the adapter finds, mentions in the notes, and what was not assessed."""
        mentions = find_mentions(
            outputs.matches,
            self._settings,
            case.records,
            reports=self._settings.read_reports,
        )
        declined = abstain(case, outputs)
        placed = self._placed(outputs, mentions, declined)
        refused = refusal(placed) if declined is None else None
        found = () if refused else learned_findings(usable(outputs))
        if not declined and not refused and not found and (declined := unread(case)):
            # "Nothing found" is said only of what was fully read.
            placed = self._placed(outputs, mentions, declined)
        findings = joined(found, mentions)
        top = max((priority(x) for x in findings), default=0)
        scores = [_score(x) for x in findings if priority(x) == top]
        return Verdict(
            findings=findings,
            evidence=() if refused else said(outputs),
            abstention=declined or refused,
            score=max(scores, default=0.0),
            priority=max(placed.priority, self._policy.stands(found)),
        )

    @property
    def _policy(self) -> Policy:
        return Policy(settings=self._settings.triage)

    def _placed(
        self, outputs: ModelOutputs, mentions: Sequence[Finding], declined: Abstention | None
    ) -> Placed:
        """The band, by thresholds that belong to the model that answered."""
        answers = usable(outputs)
        found = (*learned_findings(answers), *mentions) if declined else mentions
        return self._policy.band(
            found,
            answers,
            declined,
            thresholds_of(answers, self._policy),
            model=answers.fingerprint if answers else None,
            at=datetime.now(UTC),
        )

    def recommend(self, case: Case, verdict: Verdict) -> str:
        """The most pressing finding decides; a mention in a note is no reason for anything."""
        if verdict.abstention is not None:
            return "not_assessed"
        return self._policy.recommended(verdict.findings)

    def panels(self, case: Case) -> Sequence[Panel]:
        """Where the slices of the exam lie, and what is kept and not assessed."""
        panel = series_panel(case)
        return () if panel is None else (panel,)

    def decided_labels(
        self, assessment: Assessment | None, decision: Decision
    ) -> frozenset[str] | None:
        """`routine` says how urgent an exam is: that it has no finding only where none is left."""
        said = super().decided_labels(assessment, decision)
        acted = {x.label for x in decision.acts}
        shown = {x.label for x in assessment.findings} if assessment is not None else set()
        return None if said == frozenset() and shown - acted else said


def _score(finding: Finding) -> float:
    return finding.probability if finding.probability is not None else finding.score or 0.0
