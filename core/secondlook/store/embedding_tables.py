"""Rows of vectors: what a backbone makes of a picture of a case, and of a passage of a record.

A backbone that computes in another precision makes other vectors, so that each has its own rows.
Passages belong to records and not to cases: a manual of a thousand cases is embedded once.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.store.base import Base, Sha256

WHOLE = "length(vector) = 2 * size"
"""A vector holds as many float16 numbers as its row says."""


class ImageEmbeddingRow(Base):
    """The vector of one picture of a case, by one backbone in one precision."""

    __tablename__ = "image_embeddings"

    backbone: Mapped[Sha256] = mapped_column(primary_key=True)
    """Fingerprint of the backbone's weights."""
    precision: Mapped[str] = mapped_column(String(16), primary_key=True)
    """What it computed in."""
    case_id: Mapped[Sha256] = mapped_column(primary_key=True)
    sha256: Mapped[Sha256] = mapped_column(primary_key=True)
    """Of the attachment."""
    size: Mapped[int]
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["case_id", "sha256"], ["attachments.case_id", "attachments.sha256"]),
        CheckConstraint(WHOLE, name="whole"),
    )


class PassageEmbeddingRow(Base):
    """The vector of one passage of a record, by one backbone in one precision."""

    __tablename__ = "passage_embeddings"

    backbone: Mapped[Sha256] = mapped_column(primary_key=True)
    """Fingerprint of the backbone's weights."""
    precision: Mapped[str] = mapped_column(String(16), primary_key=True)
    """What it computed in."""
    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["record_id", "ordinal"], ["passages.record_id", "passages.ordinal"]),
        CheckConstraint(WHOLE, name="whole"),
    )
