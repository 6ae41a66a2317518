"""Cases to rows and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.cases import Attachment, Case, CaseStatus, NewCase, ProductSpec, Record
from secondlook.errors import NotFound
from secondlook.store import clock
from secondlook.store.base import storable
from secondlook.store.case_tables import AttachmentRow, CaseRow
from secondlook.store.groups import grouped
from secondlook.store.values import plain


def no_case(case_id: str) -> NotFound:
    """What to say when there is no such case."""
    return NotFound(f"There is no case {case_id!r}; see `secondlook worklist`.")


def lock_case(session: Session, case_id: str) -> CaseRow:
    """The row of a case, which nobody else changes until this transaction ends. NotFound."""
    query = select(CaseRow).where(CaseRow.id == case_id).with_for_update(key_share=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise no_case(case_id)
    return row


def case_row(identity: str, new: NewCase) -> dict[str, Any]:
    """Column values of a new case."""
    return {
        "id": identity,
        "domain": storable(new.domain, "a domain"),
        "product": None if new.product is None else storable(new.product, "a product"),
        "name": None if new.name is None else storable(new.name, "the name of a case"),
        "title": storable(new.title, "the title of a case"),
        "status": CaseStatus.NEW,
        "is_open": True,
        "is_held": False,
        "opened_at": clock.now(),
        "facts": plain(new.facts, "a case"),
        "grouped": grouped(new.facts),
    }


def attachment_row(case_id: str, ordinal: int, attachment: Attachment) -> dict[str, Any]:
    """Column values of an attachment."""
    return {
        "case_id": case_id,
        "ordinal": ordinal,
        "sha256": attachment.sha256,
        "name": storable(attachment.name, "the name of a file"),
        "media_type": attachment.media_type,
        "size": attachment.size,
        "role": attachment.role,
        "facts": plain(attachment.facts, "an attachment"),
    }


def attachments_of(session: Session, cases: Sequence[str]) -> Mapping[str, tuple[Attachment, ...]]:
    """The attachments of each of these cases, in order; every case has an entry."""
    rows = session.scalars(
        select(AttachmentRow)
        .where(AttachmentRow.case_id.in_(cases))
        .order_by(AttachmentRow.case_id, AttachmentRow.ordinal)
    )
    found: dict[str, list[Attachment]] = {case: [] for case in cases}
    for row in rows:
        found[row.case_id].append(_attachment(row))
    return {case: tuple(files) for case, files in found.items()}


def case(
    row: CaseRow,
    files: tuple[Attachment, ...],
    records: tuple[Record, ...],
    spec: ProductSpec | None,
) -> Case:
    """A case, from its row and what belongs to it."""
    return Case(
        id=row.id,
        domain=row.domain,
        title=row.title,
        product=row.product,
        attachments=files,
        records=records,
        opened_at=row.opened_at,
        facts=row.facts,
        spec=spec,
        status=row.status,
        version=row.version,
    )


def _attachment(row: AttachmentRow) -> Attachment:
    return Attachment(
        sha256=row.sha256,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        role=row.role,
        facts=row.facts,
    )
