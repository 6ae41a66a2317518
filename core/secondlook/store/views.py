"""What one person may see of how a case was read: blind, as long as somebody else's read is open.

Whatever shows a case to a reviewer reads its decisions, acts and trail here. While a first read is
open everybody sees their own part and no more, so that a second read owes nothing to the first; the
leads see all of it once the case waits for them. `Decisions.of` and `Audit.events` are for exports,
learning and whoever answers for the workspace.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from secondlook.decisions import Decision, Prioritisation
from secondlook.reviewing import LAST, CaseAct, Past, Stage
from secondlook.store.audit import Audit, AuditEvent
from secondlook.store.audit_search import OF_THE_CASE
from secondlook.store.case_act_mapping import case_acts_of
from secondlook.store.case_mapping import no_case
from secondlook.store.case_tables import CaseRow
from secondlook.store.decision_mapping import past_of
from secondlook.store.priority_mapping import priorities_of
from secondlook.store.recent import Recent, recent_of


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """How a case was read, as far as one person may see it; everything oldest first."""

    stage: Stage | None
    """Where it waits for a lead. None else: whether it waits for a first or a second read is told to
    nobody who may read it."""
    blind: bool
    """Something is left out. Not to be told: it would say that the case is at its second read."""
    amends: str | None
    """What the next decision names as the one that it amends; also where that one is hidden."""
    handed_to: str | None
    decisions: tuple[Decision, ...]
    """Of a decided case the last one stands."""
    reads: tuple[Decision, ...]
    """First and second reads that decided nothing by themselves."""
    undone: frozenset[str]
    """Ids of those that were taken back."""
    acts: tuple[CaseAct, ...]
    priorities: tuple[Prioritisation, ...]
    events: tuple[AuditEvent, ...]


class Views:
    """The blind read, and what everybody sees of what is not blind."""

    def __init__(self, session: Session, audit: Audit) -> None:
        self._session = session
        self._audit = audit

    def of(self, case_id: str, reviewer: str, *, lead: bool = False) -> CaseView:
        """A case for this person. `lead` says that they may adjudicate it. NotFound."""
        case = self._session.get(CaseRow, case_id)
        if case is None:
            raise no_case(case_id)
        past = past_of(self._session, case_id)
        sees_all = lead and case.for_leads
        blind = case.is_open and case.first_reader is not None and not sees_all
        reads = tuple(x for x in past.rows if not x.how.closes)
        own = tuple(x for x in reads if x.reviewer == reviewer)
        whole = self._whole(case, past, reads if sees_all or not case.is_open else own)
        return _own(whole, reviewer) if blind else whole

    def recent(self, reviewer: str, limit: int = LAST) -> tuple[Recent, ...]:
        """What this person decided last, the newest first, and whether it can be taken back."""
        return recent_of(self._session, reviewer, limit)

    def _whole(self, case: CaseRow, past: Past, reads: tuple[Decision, ...]) -> CaseView:
        events = self._audit.events(case.id)
        return CaseView(
            stage=case.stage if case.for_leads else None,
            blind=False,
            amends=past.closing[-1].id if past.closing else None,
            handed_to=case.handed_to,
            decisions=past.closing,
            reads=reads,
            undone=past.undone,
            acts=case_acts_of(self._session, [case.id])[case.id],
            priorities=priorities_of(self._session, [case.id])[case.id],
            events=events,
        )


def _own(whole: CaseView, reviewer: str) -> CaseView:
    """What is theirs, and what is nobody's opinion."""
    decisions = tuple(x for x in whole.decisions if x.reviewer == reviewer)
    reads = tuple(x for x in whole.reads if x.reviewer == reviewer)
    return CaseView(
        stage=None,
        blind=True,
        amends=whole.amends,
        handed_to=whole.handed_to,
        decisions=decisions,
        reads=reads,
        undone=whole.undone & {x.id for x in (*decisions, *reads)},
        acts=tuple(x for x in whole.acts if x.reviewer == reviewer),
        priorities=tuple(x for x in whole.priorities if x.reviewer == reviewer),
        events=tuple(x for x in whole.events if x.actor == reviewer or x.action in OF_THE_CASE),
    )
