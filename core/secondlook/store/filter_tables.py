"""Rows of saved filters."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.store.base import Base, Sha256


class SavedFilterRow(Base):
    """What somebody wants to see of the worklist again, under a name of theirs."""

    __tablename__ = "saved_filters"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    """Short and not to be guessed: it stands in an address."""
    owner: Mapped[str] = mapped_column(ForeignKey("users.name"))
    name: Mapped[str]
    domain: Mapped[str | None]
    """NULL for all."""
    choice: Mapped[str]
    """Which of the lists that the page offers."""
    search: Mapped[str]
    shared: Mapped[bool]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("owner", "name"),)
