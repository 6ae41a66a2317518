"""Rows of products and of what was described of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from secondlook.store.base import Base, Sha256


class ProductRow(Base):
    """A product that was described. Its row is what writers of the product lock."""

    __tablename__ = "products"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    """See `product_id`: the name of its audit chain too."""
    domain: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("domain", "name"),)


class ProductVersionRow(Base):
    """A product as described from one time on; triggers refuse to change or delete it.

    The largest `ordinal` of a product stands. The manual is repeated where only the rest changed.
    """

    __tablename__ = "product_versions"

    id: Mapped[Sha256] = mapped_column(primary_key=True)
    product_id: Mapped[Sha256] = mapped_column(ForeignKey("products.id"))
    ordinal: Mapped[int]
    pitch_mm: Mapped[float | None] = mapped_column(Float(53))
    zones: Mapped[list[Any]]
    revision: Mapped[str | None]
    """Of the manual; NULL where there is none."""
    record_id: Mapped[int | None] = mapped_column(ForeignKey("records.id"), index=True)
    """The manual."""
    file: Mapped[str | None]
    added_at: Mapped[datetime]
    added_by: Mapped[str]

    __table_args__ = (UniqueConstraint("product_id", "ordinal"),)
