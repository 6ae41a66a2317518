"""Guards: one key, one decision; a case is open exactly while it is undecided.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.append_only import protect_after_rebuild

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the key of a decision, and the CHECK that keeps the worklist's flag true."""
    with op.batch_alter_table("decisions") as decisions:
        decisions.add_column(sa.Column("key", sa.Text(), nullable=True))
        decisions.create_unique_constraint(op.f("uq_decisions_key"), ["key"])
    protect_after_rebuild("decisions")
    with op.batch_alter_table("cases") as cases:
        cases.create_check_constraint(op.f("ck_cases_open"), "is_open = (status <> 'decided')")


def downgrade() -> None:
    """Drop both. The keys themselves are lost."""
    with op.batch_alter_table("cases") as cases:
        cases.drop_constraint(op.f("ck_cases_open"), type_="check")
    with op.batch_alter_table("decisions") as decisions:
        decisions.drop_constraint(op.f("uq_decisions_key"), type_="unique")
        decisions.drop_column("key")
    protect_after_rebuild("decisions")
