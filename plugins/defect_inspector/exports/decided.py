"""Which label a region has once a person has decided."""

from dataclasses import dataclass
from typing import Literal

from defect_inspector.taxonomy import ANOMALY
from secondlook import CaseExport, Decision, Domain, Finding, FindingAct


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The label of a finding's regions, and whose word it is."""

    label: str
    whose: Literal["machine", "person"]


def kept(finding: Finding, item: CaseExport, domain: Domain) -> Kept | None:
    """The label under which the regions of a finding stand; None where a person rejected them.

    Where a person rejected the finding and added another, the regions are of that one: the place
    was right and its name was not. Where several were added nobody said which is which.
    """
    decision = item.decisions[-1] if item.decisions else None
    if decision is None:
        return Kept(label=finding.label, whose="machine")
    act = {x.label: x for x in decision.acts}.get(finding.label)
    if act is not None and act.held is not None:
        return Kept(label=act.held, whose="person")
    if act is None and not _cleared(item, decision, domain):
        return Kept(label=finding.label, whose="machine")
    added = _added(item, decision)
    if not added:
        return None
    return Kept(label=added[0] if len(added) == 1 else ANOMALY, whose="person")


def drawn_by_hand(item: CaseExport) -> list[FindingAct]:
    """What holds by the decision that stands, where the person drew where it is."""
    acts = item.decision.acts if item.decision else ()
    return [x for x in acts if x.area is not None and x.held is not None]


def decided_labels(item: CaseExport, domain: Domain) -> list[str]:
    """What is to be found in the case: by the decision, and by the machine where it does not say."""
    decision = item.decisions[-1] if item.decisions else None
    said = domain.decided_labels(item.assessment, decision) if decision else None
    if said is not None:
        return sorted(said - {x.code for x in domain.taxonomy.grades})
    machine = (kept(x, item, domain) for x in (item.assessment.findings if item.assessment else ()))
    return sorted({x.label for x in machine if x is not None})


def _cleared(item: CaseExport, decision: Decision, domain: Domain) -> bool:
    """Whether the decision says that nothing is there, or only other things."""
    return domain.decided_labels(item.assessment, decision) == frozenset() or bool(
        _added(item, decision)
    )


def _added(item: CaseExport, decision: Decision) -> list[str]:
    known = {x.label for x in (item.assessment.findings if item.assessment else ())}
    return [x.held for x in decision.acts if x.held is not None and x.label not in known]
