"""Decisions to rows and back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.decisions import Area, Decision, FindingAct
from secondlook.reviewing import Past
from secondlook.store.base import storable
from secondlook.store.case_act_mapping import undone_of
from secondlook.store.review_tables import DecisionRow, FindingActRow


def decisions_of(session: Session, cases: Sequence[str]) -> dict[str, tuple[Decision, ...]]:
    """The decisions of each of these cases, oldest first; every case has an entry.

    Without reads that wait for another one: those are nobody's to see but their reader's.
    """
    found = reads_of(session, cases)
    return {case: Past(rows).closing for case, rows in found.items()}


def reads_of(session: Session, cases: Sequence[str]) -> dict[str, tuple[Decision, ...]]:
    """The same with every read, whether it decided the case or not."""
    rows = session.scalars(
        select(DecisionRow)
        .where(DecisionRow.case_id.in_(cases))
        .order_by(DecisionRow.case_id, DecisionRow.ordinal)
    ).all()
    acts = _acts(session, cases) if rows else {}
    found: dict[str, list[Decision]] = {case: [] for case in cases}
    for row in rows:
        found[row.case_id].append(decision(row, acts.get(row.id, ())))
    return {case: tuple(decisions) for case, decisions in found.items()}


def past_of(session: Session, case_id: str) -> Past:
    """Everything that was decided about one case."""
    rows = reads_of(session, [case_id])[case_id]
    return Past(rows, undone_of(session, [case_id]) if rows else frozenset())


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
        how=row.how,
        severity=row.severity,
        reason_codes=tuple(row.reason_codes or ()),
        second_to=row.second_to,
    )


def decision_row(said: Decision, *, ordinal: int, key: str | None) -> dict[str, Any]:
    """Column values of a decision."""
    values = asdict(said)
    del values["acts"]
    return values | {
        "reason_codes": list(said.reason_codes) or None,
        "ordinal": ordinal,
        "key": key,
    }


def act_rows(said: Decision) -> list[dict[str, Any]]:
    """Column values of what it says of findings."""
    return [_act_row(said.id, i, act) for i, act in enumerate(said.acts)]


def _act_row(decision_id: str, ordinal: int, act: FindingAct) -> dict[str, Any]:
    return {
        "decision_id": decision_id,
        "ordinal": ordinal,
        "label": act.label,
        "act": act.act,
        "becomes": act.becomes,
        "severity": act.severity,
        "site": None if act.site is None else storable(act.site, "the site of a finding"),
        "area": None if act.area is None else asdict(act.area),
        "comment": storable(act.comment, "the comment on a finding") or None,
    }


def _acts(session: Session, cases: Sequence[str]) -> dict[str, list[FindingAct]]:
    rows = session.scalars(
        select(FindingActRow)
        .join(DecisionRow, DecisionRow.id == FindingActRow.decision_id)
        .where(DecisionRow.case_id.in_(cases))
        .order_by(FindingActRow.decision_id, FindingActRow.ordinal)
    )
    acts: dict[str, list[FindingAct]] = defaultdict(list)
    for row in rows:
        acts[row.decision_id].append(_act(row))
    return acts


def _act(row: FindingActRow) -> FindingAct:
    return FindingAct(
        label=row.label,
        act=row.act,
        becomes=row.becomes,
        severity=row.severity,
        site=row.site,
        area=None if row.area is None else Area(**row.area),
        comment=row.comment or "",
    )
