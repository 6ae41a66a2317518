"""What a reviewer decided last, with whether it can be taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from secondlook.decisions import Decision
from secondlook.errors import StoreError
from secondlook.reviewing import LAST, check_undone, stage_without
from secondlook.store.case_tables import CaseRow
from secondlook.store.decision_mapping import past_of
from secondlook.store.review_tables import CaseActRow, DecisionRow


@dataclass(frozen=True, kw_only=True)
class Recent:
    """One of a reviewer's last decisions."""

    decision: Decision
    title: str
    """Of the case."""
    domain: str
    at: datetime
    refusal: str
    """Why it cannot be taken back, in words; empty where it can."""


def recent_ids(session: Session, reviewer: str, limit: int) -> list[str]:
    """Ids of what a reviewer decided last and did not take back, the newest first."""
    row = DecisionRow
    undone = exists().where(CaseActRow.about == row.id)
    query = select(row.id).where(row.reviewer == reviewer, ~undone)
    newest = query.order_by(row.decided_at.desc(), row.id.desc())
    return list(session.scalars(newest.limit(limit)))


def recent_of(session: Session, reviewer: str, limit: int = LAST) -> tuple[Recent, ...]:
    """The same as they were decided; every one is the reviewer's own."""
    return tuple(_recent(session, x) for x in recent_ids(session, reviewer, limit))


def _recent(session: Session, decision_id: str) -> Recent:
    case = session.scalars(
        select(CaseRow)
        .join(DecisionRow, DecisionRow.case_id == CaseRow.id)
        .where(DecisionRow.id == decision_id)
    ).one()
    past = past_of(session, case.id)
    decision = next(x for x in past.rows if x.id == decision_id)
    refusal = ""
    try:
        stage_without(decision, past, own=True)
        check_undone(decision, case.stage, case.is_open)
    except StoreError as error:
        refusal = str(error)
    return Recent(
        decision=decision,
        title=case.title,
        domain=case.domain,
        at=decision.decided_at,
        refusal=refusal,
    )
