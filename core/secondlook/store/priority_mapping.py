"""Rows of what people did to the priority of cases, as values."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.decisions import Prioritisation
from secondlook.store.review_tables import PriorityActRow
from secondlook.store.values import key_taken


def priorities_of(session: Session, cases: Sequence[str]) -> dict[str, tuple[Prioritisation, ...]]:
    """The acts on each of these cases, oldest first; every case has an entry."""
    rows = session.scalars(
        select(PriorityActRow)
        .where(PriorityActRow.case_id.in_(cases))
        .order_by(PriorityActRow.case_id, PriorityActRow.ordinal)
    )
    found: dict[str, list[Prioritisation]] = {case: [] for case in cases}
    for row in rows:
        found[row.case_id].append(_act(row))
    return {case: tuple(acts) for case, acts in found.items()}


def priority_by_key(
    session: Session, key: str | None, case_id: str, reviewer: str, band: str
) -> Prioritisation | None:
    """The act that this key names; Conflict where it is another one than this."""
    if key is None:
        return None
    row = session.scalars(select(PriorityActRow).where(PriorityActRow.key == key)).one_or_none()
    if row is not None and (row.case_id, row.reviewer, row.band) != (case_id, reviewer, band):
        raise key_taken(case_id, key)
    return None if row is None else _act(row)


def _act(row: PriorityActRow) -> Prioritisation:
    return Prioritisation(
        id=row.id,
        case_id=row.case_id,
        reviewer=row.reviewer,
        band=row.band,
        priority=row.priority,
        before=row.before,
        at=row.at,
        reason=row.reason,
    )
