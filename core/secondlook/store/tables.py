"""All tables, gathered so that `metadata` is complete."""

from secondlook.store import (
    account_tables,
    assessment_tables,
    case_tables,
    embedding_tables,
    filter_tables,
    intended_use_tables,
    link_tables,
    product_tables,
    review_tables,
)
from secondlook.store.base import Base

metadata = Base.metadata
"""What `alembic check` and `Database.check` compare a database with."""

__all__ = [
    "account_tables",
    "assessment_tables",
    "case_tables",
    "embedding_tables",
    "filter_tables",
    "intended_use_tables",
    "link_tables",
    "metadata",
    "product_tables",
    "review_tables",
]
