"""The statements that give out a lease, built once: building one costs more than running it.

Parameters: `reviewer`, `now`, `until`, and `case` and `lead`, or `domain` and `product` where they
narrow. Cases for leads and all others are two queues; nobody is offered a case for its second read
that they have read first, and no lead one on which they have had their say.
"""

from datetime import datetime
from functools import cache
from typing import TypeAlias, cast

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from secondlook.store.base import UtcDateTime
from secondlook.store.case_tables import CaseRow
from secondlook.store.review_tables import LeaseRow

Taken: TypeAlias = ReturningInsert[str, str, datetime, int]
LEASES = cast("Table", LeaseRow.__table__)
"""The table itself: an INSERT into the class would take the parameters for rows."""
FIELDS = (LeaseRow.case_id, LeaseRow.reviewer, LeaseRow.until, LeaseRow.fence)

REVIEWER: BindParameter[str] = bindparam("reviewer", type_=Text())
NOW = bindparam("now", type_=UtcDateTime())
UNTIL = bindparam("until", type_=UtcDateTime())
ORDER = (CaseRow.priority.desc(), CaseRow.turn.desc(), CaseRow.id.desc())
UNREAD = and_(*(or_(x.is_(None), x != REVIEWER) for x in (CaseRow.first_reader, CaseRow.passed_by)))
"""The reviewer is neither whose first read is open, nor who brought the case to the leads."""


@cache
def claimable(*, domain: bool, product: bool, lead: bool) -> Select[str, int, float]:
    """The first case in worklist order that nobody but the reviewer holds, from leases alone.

    Counting, instead of EXISTS, keeps PostgreSQL from planning a join over all leases, which is
    quadratic while its statistics lag behind: each case passed over costs one look-up by key.
    """
    others = select(func.count()).where(
        LeaseRow.case_id == CaseRow.id, LeaseRow.until > NOW, LeaseRow.reviewer != REVIEWER
    )
    query = _first(domain=domain, product=product, lead=lead)
    return query.where(others.scalar_subquery() == 0)


@cache
def claim_next(*, on_postgresql: bool, domain: bool, product: bool, lead: bool) -> Taken:
    """Take the first case that is free or the reviewer's own, passing over no held case.

    What was handed over to the reviewer comes before everything else.

    No row: there is none, another writer was faster, or a hint in `is_held` is out of date.
    """
    narrowed = {"domain": domain, "product": product, "lead": lead}
    free = claimable(**narrowed).where(CaseRow.is_held == false())
    handed = case((CaseRow.handed_to == REVIEWER, 1), else_=0).label("handed")
    own = (
        _some(**narrowed)
        .add_columns(handed)
        .join(LeaseRow, LeaseRow.case_id == CaseRow.id)
        .where(LeaseRow.reviewer == REVIEWER, LeaseRow.until > NOW)
        .order_by(handed.desc(), *ORDER)
        .limit(1)
    )
    first = _locked(free.add_columns(literal(0).label("handed")), on_postgresql)
    both = union_all(select(first.cte("free")), select(own.cte("own")))
    every = both.subquery("every")
    ahead = (every.c.handed.desc(), every.c.priority.desc())
    order = (*ahead, every.c.turn.desc(), every.c.id.desc())
    return _take(select(every.c.id).order_by(*order).limit(1), on_postgresql)


@cache
def claim_any(*, on_postgresql: bool, domain: bool, product: bool, lead: bool) -> Taken:
    """Take the first claimable case, whatever the hints say. No row: as above."""
    candidate = _locked(claimable(domain=domain, product=product, lead=lead), on_postgresql)
    return _take(select(candidate.subquery().c.id), on_postgresql)


@cache
def claim_case(*, on_postgresql: bool) -> Taken:
    """Take the case `case`. No row: there is none, somebody else holds it, or it waits for
    somebody else."""
    lead = bindparam("lead", type_=Boolean())
    only = select(CaseRow.id).where(CaseRow.id == bindparam("case", type_=Text()))
    only = only.where(or_(CaseRow.for_leads == false(), lead), UNREAD)
    if on_postgresql:  # the case before its lease, in the order of every other writer
        only = only.with_for_update(key_share=True)
    return _take(only, on_postgresql)


def _first(*, domain: bool, product: bool, lead: bool) -> Select[str, int, float]:
    return _some(domain=domain, product=product, lead=lead).order_by(*ORDER).limit(1)


def _some(*, domain: bool, product: bool, lead: bool) -> Select[str, int, float]:
    query = select(CaseRow.id, CaseRow.priority, CaseRow.turn).where(CaseRow.is_open)
    query = query.where(CaseRow.for_leads == (true() if lead else false()), UNREAD)
    if domain:
        query = query.where(CaseRow.domain == bindparam("domain", type_=Text()))
    if product:
        query = query.where(CaseRow.product == bindparam("product", type_=Text()))
    return query


def _locked(query: Select[str, int, float], on_postgresql: bool) -> Select[str, int, float]:
    if not on_postgresql:
        return query
    return query.with_for_update(of=CaseRow, skip_locked=True, key_share=True)


def _take(candidate: Select[str], on_postgresql: bool) -> Taken:
    chosen = candidate.cte("chosen")
    # SQLite reads ON CONFLICT as part of a join unless the SELECT has a WHERE.
    source = select(chosen.c.id, REVIEWER, UNTIL, literal(1)).where(true())
    insert = postgresql.insert(LEASES) if on_postgresql else sqlite.insert(LEASES)
    statement = insert.from_select(["case_id", "reviewer", "until", "fence"], source)
    taken: Taken = statement.on_conflict_do_update(
        index_elements=[LeaseRow.case_id],
        set_={"reviewer": REVIEWER, "until": UNTIL, "fence": _fence()},
        where=or_(LeaseRow.until <= NOW, LeaseRow.reviewer == REVIEWER),
    ).returning(*FIELDS)
    return taken


def _fence() -> ColumnElement[int]:
    """One more for a new holder; the same while the holder only stays on."""
    same = and_(LeaseRow.reviewer == REVIEWER, LeaseRow.until > NOW)
    return case((same, LeaseRow.fence), else_=LeaseRow.fence + 1)
