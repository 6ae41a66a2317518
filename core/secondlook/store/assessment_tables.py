"""Rows of what the machine says, and of what it said it with."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.store.base import AdapterState, Base, Sha256, one_of


class AssessmentRow(Base):
    """A preliminary answer. The largest `ordinal` of a case is the one that stands."""

    __tablename__ = "assessments"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"))
    ordinal: Mapped[int]
    created_at: Mapped[datetime]
    adapter: Mapped[str]
    """Empty for none: NULL would be unequal to itself in the unique key."""
    inputs: Mapped[str]
    rejudged: Mapped[Sha256] = mapped_column(server_default=text("''"))
    """The look that was judged again; empty where this is a look itself, as with `adapter`."""
    spec: Mapped[dict[str, Any] | None]
    """What was known of the product."""
    code_version: Mapped[str]
    backbones: Mapped[list[Any]]
    disposition: Mapped[str | None]
    abstention: Mapped[dict[str, Any] | None]
    flags: Mapped[list[Any]]
    score: Mapped[float] = mapped_column(Float(53))
    priority: Mapped[int]

    __table_args__ = (
        UniqueConstraint("case_id", "adapter", "inputs", "rejudged"),
        UniqueConstraint("case_id", "ordinal"),
    )


class FindingRow(Base):
    """One thing seen."""

    __tablename__ = "findings"

    assessment_id: Mapped[Sha256] = mapped_column(ForeignKey("assessments.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str]
    title: Mapped[str]
    score: Mapped[float | None] = mapped_column(Float(53))
    threshold: Mapped[float | None] = mapped_column(Float(53))
    probability: Mapped[float | None] = mapped_column(Float(53))
    site: Mapped[str | None]
    severity: Mapped[str | None]


class EvidenceRow(Base):
    """Evidence for a finding, or for the case as a whole where `finding` is NULL."""

    __tablename__ = "evidence"

    assessment_id: Mapped[Sha256] = mapped_column(ForeignKey("assessments.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    finding: Mapped[int | None]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]

    __table_args__ = (
        ForeignKeyConstraint(
            ["assessment_id", "finding"], ["findings.assessment_id", "findings.ordinal"]
        ),
    )


class AdapterRow(Base):
    """A trained adapter. `product` is empty for an adapter of the whole domain."""

    __tablename__ = "adapters"

    id: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str]
    product: Mapped[str]
    version: Mapped[int]
    backbone: Mapped[dict[str, Any]]
    path: Mapped[str]
    sha256: Mapped[Sha256]
    state: Mapped[AdapterState]
    card: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("domain", "product", "version"),
        one_of("state", AdapterState),
        Index(
            "uq_adapters_champion",
            "domain",
            "product",
            unique=True,
            sqlite_where=text("state = 'champion'"),
            postgresql_where=text("state = 'champion'"),
        ),
    )


class RunRow(Base):
    """One execution of a workflow."""

    __tablename__ = "runs"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    verb: Mapped[str]
    config: Mapped[dict[str, Any]]
    seed: Mapped[int | None] = mapped_column(BigInteger)
    code_version: Mapped[str]
    status: Mapped[str]
    metrics: Mapped[dict[str, Any]]
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
