"""The way back from cases to their patients, sealed and apart.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

from secondlook_migrations.shorthand import MOMENT, SHA256, TEXT, needed, primary, refers

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, empty."""
    op.create_table(
        "patient_links",
        *needed(SHA256, "case_id"),
        *needed(TEXT, "sealed"),
        *needed(MOMENT, "changed_at"),
        refers("patient_links", "case_id", "cases.id"),
        primary("patient_links", "case_id"),
    )


def downgrade() -> None:
    """Drop it: from then on nobody can say whose a case is."""
    op.drop_table("patient_links")
