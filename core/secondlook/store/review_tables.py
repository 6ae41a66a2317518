"""Rows of what people do, and of the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.decisions import Act, How
from secondlook.reviewing import Deed
from secondlook.store.base import Base, Sha256, one_of


class DecisionRow(Base):
    """A reviewer's act; triggers refuse to change or delete it."""

    __tablename__ = "decisions"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"))
    ordinal: Mapped[int]
    reviewer: Mapped[str]
    disposition: Mapped[str]
    decided_at: Mapped[datetime]
    assessment_id: Mapped[Sha256 | None] = mapped_column(ForeignKey("assessments.id"))
    reason: Mapped[str]
    amends: Mapped[Sha256 | None] = mapped_column(ForeignKey("decisions.id"), unique=True)
    key: Mapped[str | None] = mapped_column(unique=True)
    """What the caller names one act by, so that sending it twice decides once."""
    how: Mapped[How] = mapped_column(server_default=text("'alone'"))
    """Reads that wait for another one are rows as well: only some of them decide."""
    severity: Mapped[str | None]
    reason_codes: Mapped[list[Any] | None]
    second_to: Mapped[Sha256 | None] = mapped_column(ForeignKey("decisions.id"), index=True)
    """The first read that this second one was compared with."""

    __table_args__ = (
        UniqueConstraint("case_id", "ordinal"),
        one_of("how", How),
        Index("ix_decisions_reviewer", "reviewer", "decided_at"),
    )


class FindingActRow(Base):
    """What the reviewer did with one finding; part of the decision and as fixed."""

    __tablename__ = "finding_acts"

    decision_id: Mapped[Sha256] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str]
    act: Mapped[Act]
    becomes: Mapped[str | None]
    severity: Mapped[str | None]
    site: Mapped[str | None]
    area: Mapped[dict[str, Any] | None]
    comment: Mapped[str | None]

    __table_args__ = (one_of("act", Act),)


class CaseActRow(Base):
    """What a person did to a case without deciding it; triggers refuse to change or delete it."""

    __tablename__ = "case_acts"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"))
    ordinal: Mapped[int]
    deed: Mapped[Deed]
    reviewer: Mapped[str]
    at: Mapped[datetime]
    to: Mapped[str | None]
    about: Mapped[Sha256 | None] = mapped_column(ForeignKey("decisions.id"), unique=True)
    """The decision that was taken back: once, and for good."""
    reason: Mapped[str]
    key: Mapped[str | None] = mapped_column(unique=True)
    """As that of a decision."""

    __table_args__ = (UniqueConstraint("case_id", "ordinal"), one_of("deed", Deed))


class PriorityActRow(Base):
    """A person's act of putting a case into a band; triggers refuse to change or delete it."""

    __tablename__ = "priority_acts"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"))
    ordinal: Mapped[int]
    reviewer: Mapped[str]
    band: Mapped[str]
    priority: Mapped[int]
    before: Mapped[int]
    at: Mapped[datetime]
    reason: Mapped[str]
    key: Mapped[str | None]
    """As that of a decision."""

    __table_args__ = (
        UniqueConstraint("case_id", "ordinal"),
        Index("ix_priority_acts_key", "key", unique=True),
    )


class LeaseRow(Base):
    """Who holds a case until when. The row outlives the lease so that `fence` keeps growing."""

    __tablename__ = "leases"

    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    reviewer: Mapped[str]
    until: Mapped[datetime]
    fence: Mapped[int]

    __table_args__ = (
        Index("ix_leases_until", "until"),
        Index("ix_leases_reviewer", "reviewer", "until"),
        {"sqlite_with_rowid": False},
    )


class DraftRow(Base):
    """An unfinished decision of one reviewer on one case."""

    __tablename__ = "drafts"

    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    reviewer: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


class AuditEventRow(Base):
    """One event of a chain; triggers refuse to change or delete it. `body` is the hashed text."""

    __tablename__ = "audit_events"

    chain: Mapped[Sha256] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    body: Mapped[str]
    hash: Mapped[Sha256]

    __table_args__ = (CheckConstraint("seq >= 1", name="seq"), {"sqlite_with_rowid": False})


class AuditHeadRow(Base):
    """The last event of a chain, signed with a key that the database does not hold."""

    __tablename__ = "audit_heads"

    chain: Mapped[Sha256] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[Sha256]
    signature: Mapped[Sha256]
