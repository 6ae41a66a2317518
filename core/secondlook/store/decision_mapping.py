"""Decision rows to decisions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.decisions import Decision, FindingAct
from secondlook.store.review_tables import DecisionRow, FindingActRow


def decisions_of(session: Session, cases: Sequence[str]) -> dict[str, tuple[Decision, ...]]:
    """The decisions of each of these cases, oldest first; every case has an entry."""
    rows = session.scalars(
        select(DecisionRow)
        .where(DecisionRow.case_id.in_(cases))
        .order_by(DecisionRow.case_id, DecisionRow.ordinal)
    ).all()
    acts = _acts(session, cases)
    found: dict[str, list[Decision]] = {case: [] for case in cases}
    for row in rows:
        found[row.case_id].append(decision(row, acts[row.id]))
    return {case: tuple(decisions) for case, decisions in found.items()}


def decision(row: DecisionRow, acts: Iterable[FindingAct]) -> Decision:
    """One decision, from its row and its acts in order."""
    return Decision(
        id=row.id,
        case_id=row.case_id,
        reviewer=row.reviewer,
        disposition=row.disposition,
        decided_at=row.decided_at,
        assessment_id=row.assessment_id,
        acts=tuple(acts),
        reason=row.reason,
        amends=row.amends,
    )


def _acts(session: Session, cases: Sequence[str]) -> dict[str, list[FindingAct]]:
    rows = session.scalars(
        select(FindingActRow)
        .join(DecisionRow, DecisionRow.id == FindingActRow.decision_id)
        .where(DecisionRow.case_id.in_(cases))
        .order_by(FindingActRow.decision_id, FindingActRow.ordinal)
    )
    acts: dict[str, list[FindingAct]] = defaultdict(list)
    for row in rows:
        acts[row.decision_id].append(FindingAct(label=row.label, act=row.act))
    return acts
