"""Events of the audit trail by case, person, act and time, for somebody who may read cases as well.

While a first read of a case is open, its events are told as `views` tells them: a lead who searches
the trail may be the next reader.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from secondlook.store.case_tables import CaseRow
from secondlook.store.review_tables import AuditEventRow

OF_THE_CASE = frozenset(
    f"case.{x}" for x in ("opened", "changed", "reopened", "grouped", "assessed", "failed", "waits")
)
"""Events that tell nothing of what a person thinks of the case."""


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which events; None leaves a field open.

    Attributes:
        reader: who asks. Of cases that they might still read blind they are told their own part.
        chain: the id of a case or the beginning of it, or the name of another chain.
        actor: the whole name of a person.
        action: the whole name of an act (`user.signed-in`).
        domains: only events of cases of these; None for everything.
    """

    reader: str
    chain: str | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    domains: frozenset[str] | None = None


def search(session: Session, filter: AuditFilter, limit: int) -> Iterator[AuditEventRow]:
    """The latest of these events, the newest first."""
    event = AuditEventRow
    query = select(event).where(*_conditions(filter))
    order = (event.at.desc(), event.chain, event.seq.desc())
    yield from session.scalars(query.order_by(*order).limit(limit))


def acts(session: Session) -> tuple[str, ...]:
    """Every kind of act, by name."""
    action = AuditEventRow.action
    return tuple(session.scalars(select(action).distinct().order_by(action)))


def _conditions(filter: AuditFilter) -> Iterator[ColumnElement[bool]]:
    event = AuditEventRow
    blind = select(CaseRow.id).where(
        CaseRow.is_open, CaseRow.first_reader.is_not(None), CaseRow.for_leads == false()
    )
    own = or_(event.actor == filter.reader, event.action.in_(sorted(OF_THE_CASE)))
    yield or_(event.chain.not_in(blind), own)
    if filter.chain is not None:
        yield event.chain.startswith(filter.chain, autoescape=True)
    if filter.actor is not None:
        yield event.actor == filter.actor
    if filter.action is not None:
        yield event.action == filter.action
    if filter.since is not None:
        yield event.at >= filter.since
    if filter.domains is not None:
        yield event.chain.in_(select(CaseRow.id).where(CaseRow.domain.in_(filter.domains)))
