"""Cases that stand beside another one: that hold a picture it was compared with, or came earlier."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from secondlook.cases import Case
from secondlook.store.case_tables import AttachmentRow, CaseRow
from secondlook.store.groups import grouped
from secondlook.store.unit_of_work import UnitOfWork

MOST = 3


def holders(unit: UnitOfWork, case: Case, pictures: Sequence[str]) -> tuple[str, ...]:
    """Other cases of the domain with one of these files, by sha256; in the order of the files."""
    query = (
        select(AttachmentRow.sha256, AttachmentRow.case_id)
        .join(CaseRow, CaseRow.id == AttachmentRow.case_id)
        .where(AttachmentRow.sha256.in_(pictures), CaseRow.domain == case.domain)
        .where(CaseRow.id != case.id)
        .limit(50)
    )
    found = unit._session.execute(query).all() if pictures else []
    order = sorted(found, key=lambda x: (pictures.index(x.sha256), x.case_id))
    return tuple(dict.fromkeys(x.case_id for x in order))[:MOST]


def earlier(unit: UnitOfWork, case: Case) -> tuple[tuple[str, datetime], ...]:
    """Cases of the same patient or lot that were opened before, the latest first, and when."""
    group = grouped(case.facts)
    if group is None:
        return ()
    query = (
        select(CaseRow.id, CaseRow.opened_at)
        .where(CaseRow.domain == case.domain, CaseRow.grouped == group, CaseRow.id != case.id)
        .where(CaseRow.opened_at <= case.opened_at)
        .order_by(CaseRow.opened_at.desc(), CaseRow.id)
        .limit(MOST)
    )
    return tuple((x.id, x.opened_at) for x in unit._session.execute(query))
