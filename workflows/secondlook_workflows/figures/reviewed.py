"""One decided case as the figures count it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from secondlook.decisions import Act, FindingAct
from secondlook.queues import Queue
from secondlook.store.figures import DecidedRow
from secondlook.store.worklist import CaseExport

Cell = str | int | float | None
Row = dict[str, Cell]
UNSAID = "not stated"


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A case with the decision that stands and the first look it was made on."""

    at: datetime
    waited: timedelta
    disposition: str
    target: timedelta | None = None
    """How long it was to wait at most, in the band it began in."""
    recommended: str | None = None
    held: frozenset[str] = frozenset()
    """Labels that hold by the decision."""
    score: float | None = None
    abstained: bool | None = None
    """None where there was no first look."""
    chances: tuple[tuple[float, bool], ...] = ()
    """Calibrated probability of each finding that somebody ruled on, and whether it held."""
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day of the decision on this machine."""
        return self.at.astimezone().date()


def reviewed(item: CaseExport, row: DecidedRow, queue: Queue) -> Reviewed | None:
    """None where the case is open."""
    decision, look = item.decision, item.assessment
    if decision is None:
        return None
    ended = min(
        (x.decided_at for x in item.decisions if x.decided_at >= row.since),
        default=decision.decided_at,
    )
    return Reviewed(
        at=decision.decided_at,
        waited=max(ended - row.since, timedelta()),
        target=target(queue, row.priority),
        disposition=decision.disposition,
        recommended=look.disposition if look else None,
        held=decision.held,
        score=look.score if look and look.abstention is None else None,
        abstained=None if look is None else look.abstention is not None,
        chances=tuple(_chances(item)),
        inputs=_inputs(item),
    )


def target(queue: Queue, priority: int | None) -> timedelta | None:
    """The shortest wait that a band at this priority allows; None without a limit."""
    at = queue.floor if priority is None else priority
    waits = (x.wait for x in queue.bands if x.priority == at)
    return min((x for x in waits if x is not None), default=None)


def _chances(item: CaseExport) -> Iterator[tuple[float, bool]]:
    said = {x.label: x for x in item.decision.acts if x.act is not Act.ADD} if item.decision else {}
    for finding in item.assessment.findings if item.assessment else ():
        act = said.get(finding.label)
        if finding.probability is not None and act is not None:
            yield finding.probability, _held(act)


def _held(act: FindingAct) -> bool:
    return act.held == act.label


def _inputs(item: CaseExport) -> dict[str, str]:
    """What can be told of a case's files without looking at them."""
    images = item.case.images()
    modality = Counter(str(x.facts.get("modality") or UNSAID) for x in images)
    kinds = Counter(x.media_type for x in images)
    sizes = Counter(f"{x.facts.get('width')} x {x.facts.get('height')}" for x in images)
    return {
        "product": item.case.product or UNSAID,
        "pictures": str(len(images)),
        "kind of file": _most(kinds),
        "size of picture": _most(sizes).replace("None x None", UNSAID),
        "modality": _most(modality),
    }


def _most(counted: Counter[str]) -> str:
    return min(counted, key=lambda x: (-counted[x], x)) if counted else UNSAID
