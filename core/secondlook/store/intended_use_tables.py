"""Rows of intended-use texts, and of who acknowledged them."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.store.base import Base, Sha256


class IntendedUseRow(Base):
    """One version of the text of a domain, as it was shown; `id` is over all of it."""

    __tablename__ = "intended_uses"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    domain: Mapped[str]
    version: Mapped[str]
    text: Mapped[str]


class AcknowledgementRow(Base):
    """That a reviewer acknowledged a text; triggers refuse to change or delete it."""

    __tablename__ = "acknowledgements"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    intended_use_id: Mapped[Sha256] = mapped_column(ForeignKey("intended_uses.id"))
    reviewer: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("intended_use_id", "reviewer"),)
