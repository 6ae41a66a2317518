"""Pairs of reads of one case by two people, of whom the second did not see the first."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.decisions import Decision
from secondlook.store.case_tables import CaseRow
from secondlook.store.decision_mapping import reads_of
from secondlook.store.review_tables import DecisionRow

BATCH = 300
"""Cases a statement; older SQLite allows 999 variables."""
Pair = tuple[Decision, Decision]


def pairs_of(session: Session, domain: str, since: datetime | None) -> Iterator[Pair]:
    """First and second reads, by case. A second read that was taken back and done again counts as
    it was at first: by then its reader had learned how it compares."""
    row = DecisionRow
    query = select(row.case_id).join(CaseRow, CaseRow.id == row.case_id).distinct()
    query = query.where(row.second_to.is_not(None), CaseRow.domain == domain)
    if since is not None:
        query = query.where(row.decided_at >= since)
    ids = session.scalars(query.order_by(row.case_id)).all()
    for start in range(0, len(ids), BATCH):
        for rows in reads_of(session, ids[start : start + BATCH]).values():
            yield from (x for x in _pairs(rows) if since is None or x[1].decided_at >= since)


def _pairs(rows: Sequence[Decision]) -> Iterator[Pair]:
    firsts, seen = {x.id: x for x in rows}, set[str]()
    for second in rows:
        if second.second_to is not None and second.second_to not in seen:
            seen.add(second.second_to)
            yield firsts[second.second_to], second
