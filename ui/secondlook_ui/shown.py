"""Everything the case page shows, read at one moment, and whether it still stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from secondlook.cases import (
    AnomalyMap,
    Assessment,
    Case,
    CaseStatus,
    Decision,
    Evidence,
    Finding,
    Region,
)
from secondlook.domain import Domain
from secondlook.errors import NotFound
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_ui import session


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A case as this reviewer sees it."""

    case: Case
    assessment: Assessment | None
    decisions: tuple[Decision, ...]
    draft: dict[str, Any]
    domain: Domain | None
    """None when no loaded plugin brings it."""
    map_threshold: float | None
    """The score from which the adapter raises a finding."""

    @property
    def decided(self) -> bool:
        """Whether a decision stands. A case that gained files since its decisions is open again."""
        return self.case.status is CaseStatus.DECIDED

    def labels(self) -> tuple[str, ...]:
        """The codes of what was found, each once."""
        findings = self.assessment.findings if self.assessment else ()
        return tuple(dict.fromkeys(x.label for x in findings))

    def regions(self, sha256: str) -> tuple[Region, ...]:
        """The marked places on one attachment, each once, in the order of the findings."""
        places = [x for x in self._evidence() if isinstance(x, Region) and x.attachment == sha256]
        return tuple(dict.fromkeys(places))

    def map(self, sha256: str) -> AnomalyMap | None:
        """The anomaly map of one attachment."""
        maps = (x for x in self._evidence() if isinstance(x, AnomalyMap))
        return next((x for x in maps if x.attachment == sha256), None)

    def reach(self) -> float | None:
        """The highest place of all maps in units of the threshold; None without either."""
        highs = [x.high for x in self._evidence() if isinstance(x, AnomalyMap)]
        return max(highs) / self.map_threshold if highs and self.map_threshold else None

    def _evidence(self) -> Iterator[Evidence]:
        if self.assessment is not None:
            for finding in self.assessment.findings:
                yield from finding.evidence
            yield from self.assessment.evidence


def read(case_id: str) -> Shown:
    """Read a case by its id or the beginning of it. NotFound."""
    context = session.context()
    with context.workspace.database.read() as unit:
        case = unit.cases.get(unit.cases.resolve(case_id))
        assessment = unit.assessments.latest(case.id)
        return Shown(
            case=case,
            assessment=assessment,
            decisions=unit.decisions.of(case.id),
            draft=unit.drafts.load(case.id, session.reviewer()) or {},
            domain=context.plugins.domains.get(case.domain),
            map_threshold=_threshold(assessment, unit),
        )


def _threshold(assessment: Assessment | None, unit: UnitOfWork) -> float | None:
    """From a finding that rests on a map, else from the card of the adapter."""
    if assessment is None:
        return None
    for finding in assessment.findings:
        if finding.threshold is not None and _has_map(finding):
            return finding.threshold
    return _card_threshold(assessment.provenance.adapter, unit)


def _has_map(finding: Finding) -> bool:
    return any(isinstance(x, AnomalyMap) for x in finding.evidence)


def _card_threshold(adapter: str | None, unit: UnitOfWork) -> float | None:
    if adapter is None:
        return None
    try:
        threshold = unit.adapters.get(adapter).card.get("threshold")
    except NotFound:
        return None
    return threshold if isinstance(threshold, float) and threshold > 0 else None
