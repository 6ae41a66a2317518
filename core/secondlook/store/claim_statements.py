"""The statements that give out a lease, built once: building one costs more than running it.

Parameters: `reviewer`, `now`, `until`, and `case`, or `domain` and `product` where they narrow.
"""

from datetime import datetime
from functools import cache
from typing import TypeAlias, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
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


@cache
def claimable(*, domain: bool, product: bool) -> Select[str]:
    """The first case in worklist order that nobody but the reviewer holds.

    Counting, instead of EXISTS, keeps PostgreSQL from planning a join over all leases, which is
    quadratic while its statistics lag behind: each case passed over costs one look-up by key.
    """
    others = select(func.count()).where(
        LeaseRow.case_id == CaseRow.id, LeaseRow.until > NOW, LeaseRow.reviewer != REVIEWER
    )
    query = select(CaseRow.id).where(CaseRow.is_open, others.scalar_subquery() == 0)
    if domain:
        query = query.where(CaseRow.domain == bindparam("domain", type_=Text()))
    if product:
        query = query.where(CaseRow.product == bindparam("product", type_=Text()))
    order = (CaseRow.priority.desc(), CaseRow.score.desc(), CaseRow.id.desc())
    return query.order_by(*order).limit(1)


@cache
def claim_next(*, on_postgresql: bool, domain: bool, product: bool) -> Taken:
    """Take the first claimable case. No row: there is none, or another writer was faster."""
    candidate = claimable(domain=domain, product=product)
    if on_postgresql:
        candidate = candidate.with_for_update(of=CaseRow, skip_locked=True, key_share=True)
    return _take(candidate, on_postgresql)


@cache
def claim_case(*, on_postgresql: bool) -> Taken:
    """Take the case `case`. No row: there is none, or somebody else holds it."""
    only = select(CaseRow.id).where(CaseRow.id == bindparam("case", type_=Text()))
    return _take(only, on_postgresql)


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
