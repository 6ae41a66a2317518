"""Rows of the way back from a case to its patient, apart from everything else."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.store.base import Base, Sha256


class PatientLinkRow(Base):
    """What a case was called before, encrypted with a key that the database does not hold."""

    __tablename__ = "patient_links"

    case_id: Mapped[Sha256] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    sealed: Mapped[str]
    changed_at: Mapped[datetime]
