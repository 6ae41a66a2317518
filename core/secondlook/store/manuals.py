"""Which cases have which revision of their product's manual among their records.

An open case has the standing revision and none of the former ones. A decided case keeps the one it
was decided under. What is a revision of the manual goes by its product, even where the same file
was given with a case: it is replaced like the others.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from secondlook.store.case_tables import CaseRecordRow, CaseRow
from secondlook.store.product_mapping import product_id
from secondlook.store.product_tables import ProductRow, ProductVersionRow


@dataclass(frozen=True, kw_only=True)
class Manual:
    """The manual of a product as rows of records.

    Attributes:
        record: row number of the standing revision; None where the product has no manual.
        file: what cases call it.
        revisions: row numbers of all revisions.
    """

    record: int | None
    file: str
    revisions: frozenset[int]


def standing_manual(session: Session, domain: str, product: str | None) -> Manual | None:
    """The manual that open cases of a product have; None where the product is not described.

    Nobody describes the product anew until this transaction ends.
    """
    if product is None:
        return None
    id = product_id(domain, product)
    locked = select(ProductRow.id).where(ProductRow.id == id).with_for_update(read=True)
    if session.scalar(locked) is None:
        return None
    version = ProductVersionRow
    query = select(version.record_id, version.file).where(version.product_id == id)
    found = session.execute(query.order_by(version.ordinal)).all()
    return Manual(
        record=found[-1].record_id,
        file=found[-1].file or "",
        revisions=frozenset(x.record_id for x in found if x.record_id is not None),
    )


def open_cases(domain: str, product: str) -> ColumnElement[bool]:
    """The undecided cases of a product."""
    return and_(CaseRow.is_open, CaseRow.domain == domain, CaseRow.product == product)


def follow(session: Session, manual: Manual, which: ColumnElement[bool]) -> None:
    """Give these cases the standing revision and take the former ones from them.

    The caller has locked the cases, or the product that new ones of them are read by.
    """
    former = manual.revisions - {manual.record}
    if former:
        cases = select(CaseRow.id).where(which)
        link = CaseRecordRow
        theirs = and_(link.case_id.in_(cases), link.record_id.in_(former))
        session.execute(delete(link).where(theirs))
    if manual.record is not None:
        _link(session, manual.record, manual.file, which)


def _link(session: Session, record: int, name: str, which: ColumnElement[bool]) -> None:
    link = CaseRecordRow
    last = select(func.coalesce(func.max(link.ordinal), -1)).where(link.case_id == CaseRow.id)
    next_one = last.correlate(CaseRow).scalar_subquery() + 1
    has_it = exists().where(link.case_id == CaseRow.id, link.record_id == record)
    rows = select(CaseRow.id, literal(record), next_one, literal(name)).where(which, ~has_it)
    columns = ["case_id", "record_id", "ordinal", "name"]
    session.execute(insert(link).from_select(columns, rows))
