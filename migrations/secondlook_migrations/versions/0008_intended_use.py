"""Intended use: the texts that reviewers acknowledged, and who acknowledged which.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

from secondlook_migrations.append_only import protect
from secondlook_migrations.shorthand import (
    MOMENT,
    SHA256,
    TEXT,
    needed,
    primary,
    refers,
    unique,
)

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables, empty: nobody has acknowledged anything yet."""
    op.create_table(
        "intended_uses",
        *needed(SHA256, "id"),
        *needed(TEXT, "domain", "version", "text"),
        primary("intended_uses", "id"),
    )
    op.create_table(
        "acknowledgements",
        *needed(SHA256, "id", "intended_use_id"),
        *needed(TEXT, "reviewer"),
        *needed(MOMENT, "at"),
        refers("acknowledgements", "intended_use_id", "intended_uses.id"),
        primary("acknowledgements", "id"),
        unique("acknowledgements", "intended_use_id", "reviewer"),
    )
    protect("intended_uses")
    protect("acknowledgements")


def downgrade() -> None:
    """Drop both; the audit trail goes on telling who acknowledged what."""
    op.drop_table("acknowledgements")
    op.drop_table("intended_uses")
