"""Everything the case page shows, read at one moment, and whether it still stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from secondlook.accounts.actor import Permission
from secondlook.assessments import Assessment, Finding
from secondlook.cases import Case, CaseStatus
from secondlook.decisions import Decision
from secondlook.domain import Domain
from secondlook.errors import NotFound
from secondlook.evidence import (
    AnomalyMap,
    Evidence,
    Measurement,
    ModalityContribution,
    PriorCase,
    Region,
)
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.views import CaseView
from secondlook.withholding import withheld
from secondlook_ui import intended_use, judged, session, similar
from secondlook_ui.judged import Judged
from secondlook_ui.similar import Similar

UNKNOWN = "There is no such case, or you may not see it."
"""The same for both: that a case exists is told to those who may see it."""
IMAGE = "image"
"""The modality of pictures, as adapters name it."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A case as this reviewer sees it."""

    case: Case
    assessment: Assessment | None
    view: CaseView
    """How it was read, as far as this reviewer may see it."""
    draft: dict[str, Any]
    domain: Domain | None
    """None when no loaded plugin brings it."""
    map_threshold: float | None
    """The score from which the adapter raises a finding."""
    similar: tuple[Similar, ...]
    """Decided cases that look alike, the most similar first."""
    judged: tuple[Judged, ...] = ()
    """All first looks as they came to stand, the standing one last."""
    lead: bool = False
    """Whether it waits for a lead, and this reviewer may settle it in this domain."""
    triage_only: bool = False
    """Whether everything but the band and the flag was taken out of the first looks."""

    @property
    def decided(self) -> bool:
        """Whether a decision stands. A case that gained files since its decisions is open again."""
        return self.case.status is CaseStatus.DECIDED

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Those that this reviewer may see, oldest first."""
        return self.view.decisions

    @property
    def turn(self) -> int:
        """A number that every read of the case which they may see raises: each has its own keys."""
        return len(self.view.decisions) + len(self.view.reads)

    def labels(self) -> tuple[str, ...]:
        """The codes of what was found, each once."""
        findings = self.assessment.findings if self.assessment else ()
        return tuple(dict.fromkeys(x.label for x in findings))

    def regions(self, sha256: str) -> tuple[Region, ...]:
        """The marked places on one attachment, each once, in the order of the findings."""
        places = [x for x in self._evidence() if isinstance(x, Region) and x.attachment == sha256]
        return tuple(dict.fromkeys(places))

    def called(self, region: Region) -> str:
        """What a marked place is called on its picture: its name, else its number there."""
        return region.name or str(self.regions(region.attachment).index(region) + 1)

    def measurements(self, names: Sequence[str]) -> tuple[Measurement, ...]:
        """What was measured on the places of these names, in the order of the names."""
        told = [x for x in self._evidence() if isinstance(x, Measurement) and x.region in names]
        return tuple(sorted(told, key=lambda x: names.index(x.region or "")))

    def maps(self, sha256: str) -> tuple[AnomalyMap, ...]:
        """The maps of one attachment: of unusual places, then of labels as they were found."""
        maps = dict.fromkeys(x for x in self._maps() if x.attachment == sha256)
        return tuple(sorted(maps, key=lambda x: x.label is not None))

    def map(self, sha256: str) -> AnomalyMap | None:
        """The anomaly map of one attachment; a label's where there is none."""
        return next(iter(self.maps(sha256)), None)

    def strongest(self, label: str | None) -> float:
        """The highest place of all maps of a label, so that its pictures compare; 0 without one."""
        return max((x.high for x in self._maps() if x.label == label), default=0.0)

    def image_share(self, label: str) -> ModalityContribution | None:
        """What the pictures as a whole did for a label that was found."""
        findings = self.assessment.findings if self.assessment else ()
        of = (x for finding in findings if finding.label == label for x in finding.evidence)
        shares = (x for x in of if isinstance(x, ModalityContribution) and x.modality == IMAGE)
        return next(shares, None)

    def revision(self) -> str | None:
        """The revision of the manual that the standing first look was judged by."""
        return self.judged[-1].revision if self.judged else None

    def outdated(self) -> bool:
        """Whether the product has another manual by now than that look was judged by."""
        spec = self.case.spec
        return bool(self.judged and spec and spec.manual != self.judged[-1].manual)

    def nearest(self) -> tuple[PriorCase, ...]:
        """The known pictures that its pictures come nearest to."""
        return tuple(x for x in self._evidence() if isinstance(x, PriorCase))

    def reach(self) -> float | None:
        """The most unusual place in units of the threshold; None without either."""
        highs = [x.high for x in self._maps() if x.label is None]
        return max(highs) / self.map_threshold if highs and self.map_threshold else None

    def _maps(self) -> Iterator[AnomalyMap]:
        return (x for x in self._evidence() if isinstance(x, AnomalyMap))

    def _evidence(self) -> Iterator[Evidence]:
        if self.assessment is not None:
            for finding in self.assessment.findings:
                yield from finding.evidence
            yield from self.assessment.evidence


def read(case_id: str) -> Shown:
    """Read a case by its id or the beginning of it. NotFound; NotAcknowledged."""
    context = session.context()
    with context.workspace.database.read() as unit:
        case = _seen(case_id, unit)
        intended_use.require(context.plugins.domains.get(case.domain), unit)
        withholding = context.withholding
        hides = withholding.applies(case.domain)
        stored = unit.assessments.latest(case.id)
        assessment = stored and withholding.assessment(case.domain, stored)
        lead = session.actor().may(Permission.ADJUDICATE, case.domain)
        view = unit.views.of(case.id, session.reviewer(), lead=lead)
        told = judged.read(case, view.events, unit)
        return Shown(
            case=case,
            assessment=assessment,
            view=view,
            draft=unit.drafts.load(case.id, session.reviewer()) or {},
            domain=context.plugins.domains.get(case.domain),
            map_threshold=_threshold(assessment, unit),
            similar=() if hides else similar.read(case, assessment, unit),
            judged=tuple(replace(x, look=withheld(x.look)) for x in told) if hides else told,
            lead=lead and view.stage is not None,
            triage_only=hides,
        )


def _seen(case_id: str, unit: UnitOfWork) -> Case:
    try:
        case = unit.cases.get(unit.cases.resolve(case_id))
    except NotFound:
        raise NotFound(UNKNOWN) from None
    if not session.actor().may(Permission.SEE, case.domain):
        raise NotFound(UNKNOWN)
    return case


def _threshold(assessment: Assessment | None, unit: UnitOfWork) -> float | None:
    """From a finding that rests on an anomaly map, else from the card of the adapter."""
    if assessment is None:
        return None
    for finding in assessment.findings:
        if finding.threshold is not None and _has_map(finding):
            return finding.threshold
    return _card_threshold(assessment.provenance.adapter, unit)


def _has_map(finding: Finding) -> bool:
    return any(isinstance(x, AnomalyMap) and x.label is None for x in finding.evidence)


def _card_threshold(adapter: str | None, unit: UnitOfWork) -> float | None:
    if adapter is None:
        return None
    try:
        goods = unit.adapters.get(adapter).card.get("goods") or {}
    except NotFound:
        return None
    threshold = goods.get("threshold")
    return threshold if isinstance(threshold, float) and threshold > 0 else None
