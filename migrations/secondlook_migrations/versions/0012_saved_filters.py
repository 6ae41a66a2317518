"""Saved filters: named views of the worklist; acts that move cases can be sent twice.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.shorthand import (
    MOMENT,
    SHA256,
    TEXT,
    needed,
    optional,
    primary,
    refers,
    unique,
)

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FLAG = sa.Boolean()


def upgrade() -> None:
    """An empty table, and a column that is NULL in every row."""
    op.create_table(
        "saved_filters",
        *needed(SHA256, "id"),
        *needed(TEXT, "owner", "name"),
        *optional(TEXT, "domain"),
        *needed(TEXT, "choice", "search"),
        *needed(FLAG, "shared"),
        *needed(MOMENT, "created_at"),
        refers("saved_filters", "owner", "users.name"),
        unique("saved_filters", "owner", "name"),
        primary("saved_filters", "id"),
    )
    op.add_column("priority_acts", sa.Column("key", TEXT, nullable=True))
    op.create_index("ix_priority_acts_key", "priority_acts", ["key"], unique=True)


def downgrade() -> None:
    """Saved filters are lost, and by what name cases were moved."""
    op.drop_index("ix_priority_acts_key", "priority_acts")
    op.drop_column("priority_acts", "key")
    op.drop_table("saved_filters")
