"""Rows of cases and of what belongs to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.cases import CaseStatus, Role
from secondlook.reviewing import Stage
from secondlook.store.base import Base, Sha256, one_of, partial


class CaseRow(Base):
    """A case with the columns its line in the worklist needs; payload lies in other tables."""

    __tablename__ = "cases"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    domain: Mapped[str]
    product: Mapped[str | None]
    name: Mapped[str | None]
    title: Mapped[str]
    status: Mapped[CaseStatus]
    is_open: Mapped[bool]
    """Not decided: one equality that an index can lead with, where three statuses cannot."""
    is_held: Mapped[bool] = mapped_column(server_default=false())
    """A lease was given and not yet ended. Only a hint, by which claims pass over thousands of held
    cases at once; whether the lease still runs is written in the lease."""
    stage: Mapped[Stage] = mapped_column(server_default=text("'first'"))
    """Whom it waits for; `first` once it is decided."""
    for_leads: Mapped[bool] = mapped_column(server_default=false())
    """It waits for a lead: an equality that an index can lead with."""
    first_reader: Mapped[str | None]
    """Whose read is open while the case waits for a second reader or a lead."""
    passed_by: Mapped[str | None]
    """Who brought it to the leads: by a second read that differs, or by escalating it. Both names
    stay while the case stands decided by a lead: neither of them amends that."""
    handed_to: Mapped[str | None]
    """To whom the case was handed over, as long as they hold it."""
    status_before: Mapped[CaseStatus | None]
    """Where it stood when it was decided, to go back to; NULL while it is open."""
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    """Where the case stands now, whoever or whatever put it there."""
    machine_priority: Mapped[int | None]
    """The highest that a first look has given; NULL before the first one."""
    human_priority: Mapped[int | None]
    """What a person has set last."""
    promote_at: Mapped[datetime | None]
    """When waiting promotes the case; NULL for never, and once it is decided."""
    promoted_at: Mapped[datetime | None]
    """When waiting has put it where it is; NULL where something else has."""
    reopened_at: Mapped[datetime | None]
    """When a decided case came back: since then it waits. NULL: since it was opened."""
    turn: Mapped[float] = mapped_column(Float(53), server_default=text("0"))
    """Orders cases of one priority, larger is sooner: the score, or how long they wait."""
    score: Mapped[float] = mapped_column(Float(53), server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    opened_at: Mapped[datetime]
    recommended: Mapped[str | None]
    headline: Mapped[str | None]
    abstained: Mapped[str | None]
    decided: Mapped[str | None]
    """Disposition that was decided; NULL while the case is open, even if it was decided before."""
    assessed_by: Mapped[str | None]
    """Adapter of the standing assessment, empty for none; NULL while there is no assessment."""
    picture: Mapped[Sha256 | None]
    failure: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    grouped: Mapped[str | None]
    """The group in `facts`, whoever named it, where an index finds it."""
    described: Mapped[int | None]
    """Ordinal of the product's description that the case was decided under; NULL while it is open,
    as then the standing one holds, and where the product was not described."""

    __table_args__ = (
        one_of("status", CaseStatus),
        CheckConstraint("is_open = (status <> 'decided')", name="open"),
        one_of("stage", Stage),
        CheckConstraint("for_leads = (stage IN ('adjudication', 'escalated'))", name="for_leads"),
        Index("ix_cases_open_order", "is_open", "for_leads", "is_held", "priority", "turn", "id"),
        Index(
            "ix_cases_domain_order",
            "domain",
            "is_open",
            "for_leads",
            "is_held",
            "priority",
            "turn",
            "id",
        ),
        Index(
            "ix_cases_product_order",
            "domain",
            "product",
            "is_open",
            "for_leads",
            "is_held",
            "priority",
            "turn",
            "id",
        ),
        Index("ix_cases_status_order", "status", "priority", "turn", "id"),
        Index("ix_cases_domain_status_order", "domain", "status", "priority", "turn", "id"),
        partial("ix_cases_stage", "stage <> 'first'", "stage", "priority", "turn", "id"),
        partial(
            "ix_cases_domain_stage", "stage <> 'first'", "domain", "stage", "priority", "turn", "id"
        ),
        partial(
            "ix_cases_handed_to", "handed_to IS NOT NULL", "handed_to", "priority", "turn", "id"
        ),
        partial("ix_cases_grouped", "grouped IS NOT NULL", "domain", "grouped", "opened_at"),
        partial("ix_cases_promote_at", "promote_at IS NOT NULL", "domain", "promote_at"),
    )


class AttachmentRow(Base):
    """One stored file of a case."""

    __tablename__ = "attachments"

    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[Sha256]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[Role]
    facts: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("case_id", "sha256"),
        one_of("role", Role),
        Index("ix_attachments_sha256", "sha256"),
    )


class RecordRow(Base):
    """A text, stored once however many cases share it."""

    __tablename__ = "records"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[Sha256]
    kind: Mapped[str]
    media_type: Mapped[str]
    text: Mapped[str]

    __table_args__ = (UniqueConstraint("sha256", "kind"),)


class PassageRow(Base):
    """Where a passage lies in its record; its text is that stretch of the record's text."""

    __tablename__ = "passages"

    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first: Mapped[int]
    """Offset of the first character."""
    beyond: Mapped[int]
    """Offset after the last character."""
    line: Mapped[int]
    page: Mapped[int | None]

    __table_args__ = (CheckConstraint("first >= 0 AND beyond >= first", name="stretch"),)


class CaseRecordRow(Base):
    """That a case has a record, and what the case calls it."""

    __tablename__ = "case_records"

    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"), primary_key=True, index=True)
    ordinal: Mapped[int]
    name: Mapped[str]


class QuarantineRowTable(Base):
    """A file that intake refused. `key` is a digest over what makes it the same refusal."""

    __tablename__ = "quarantine"

    key: Mapped[Sha256] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(index=True)
    source: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str]
    sha256: Mapped[Sha256 | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    row: Mapped[int | None]
    at: Mapped[datetime]
