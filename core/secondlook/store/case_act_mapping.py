"""Rows of what people did to cases beside deciding them, to plain values."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.reviewing import CaseAct
from secondlook.store.review_tables import CaseActRow

ESCALATED = "case.escalated"
HANDED_OVER = "case.handed_over"
PUT_BACK = "case.put_back"
UNDONE = "case.undone"


def case_acts_of(session: Session, cases: Sequence[str]) -> dict[str, tuple[CaseAct, ...]]:
    """The acts on each of these cases, oldest first; every case has an entry."""
    row = CaseActRow
    query = select(row).where(row.case_id.in_(cases)).order_by(row.case_id, row.ordinal)
    found: dict[str, list[CaseAct]] = {case: [] for case in cases}
    for each in session.scalars(query):
        found[each.case_id].append(case_act(each))
    return {case: tuple(acts) for case, acts in found.items()}


def case_act(row: CaseActRow) -> CaseAct:
    """One act."""
    return CaseAct(
        id=row.id,
        case_id=row.case_id,
        deed=row.deed,
        reviewer=row.reviewer,
        at=row.at,
        to=row.to,
        about=row.about,
        reason=row.reason,
    )


def undone_of(session: Session, cases: Sequence[str]) -> frozenset[str]:
    """Ids of the decisions on these cases that were taken back."""
    row = CaseActRow
    query = select(row.about).where(row.case_id.in_(cases), row.about.is_not(None))
    return frozenset(x for x in session.scalars(query) if x is not None)
