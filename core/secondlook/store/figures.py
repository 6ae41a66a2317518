"""Which cases were decided in a span of time, and since when they had waited: for figures."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from secondlook.cases import CaseStatus
from secondlook.decisions import How
from secondlook.store.case_tables import CaseRow
from secondlook.store.review_tables import DecisionRow

CLOSING = tuple(x for x in How if x.closes)


@dataclass(frozen=True, kw_only=True)
class DecidedRow:
    """A case that stands decided, by a decision of the span; what was taken back may be among them.

    Attributes:
        since: when it began to wait: opened, or come back.
        priority: the band that it began in, as a person or else the first look put it.
    """

    case_id: str
    since: datetime
    priority: int | None


class Figures:
    """Reads narrow columns of decided cases. Nothing here tells of a case that is still open."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def decided(
        self, domain: str, since: datetime, until: datetime, *, limit: int
    ) -> tuple[DecidedRow, ...]:
        """The cases decided last, from `since` to before `until`; the latest first."""
        last = func.max(DecisionRow.decided_at)
        query = (
            select(
                CaseRow.id,
                CaseRow.opened_at,
                CaseRow.reopened_at,
                func.coalesce(CaseRow.human_priority, CaseRow.machine_priority).label("priority"),
            )
            .join(DecisionRow, DecisionRow.case_id == CaseRow.id)
            .where(_within(domain, since, until))
            .group_by(
                CaseRow.id,
                CaseRow.opened_at,
                CaseRow.reopened_at,
                CaseRow.human_priority,
                CaseRow.machine_priority,
            )
            .order_by(last.desc(), CaseRow.id)
            .limit(limit)
        )
        return tuple(
            DecidedRow(case_id=x.id, since=x.reopened_at or x.opened_at, priority=x.priority)
            for x in self._session.execute(query)
        )

    def count(self, domain: str, since: datetime, until: datetime) -> int:
        """How many there are."""
        query = select(func.count(func.distinct(CaseRow.id)))
        query = query.join(DecisionRow, DecisionRow.case_id == CaseRow.id)
        return self._session.scalar(query.where(_within(domain, since, until))) or 0


def _within(domain: str, since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(
        CaseRow.domain == domain,
        CaseRow.status == CaseStatus.DECIDED,
        DecisionRow.how.in_(CLOSING),
        DecisionRow.decided_at >= since,
        DecisionRow.decided_at < until,
    )
