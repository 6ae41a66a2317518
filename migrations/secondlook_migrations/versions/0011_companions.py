"""Companions: the group of a case as a column, so that an index finds its other cases.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.shorthand import TEXT, optional

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CASES = sa.table("cases", sa.column("grouped"))
STORED = {"sqlite": "json_extract(facts, '$.group')", "postgresql": "facts ->> 'group'"}
BARE = {
    "sqlite": "substr({0}, instr({0}, ':') + 1)",
    "postgresql": "substring({0} from position(':' in {0}) + 1)",
}
"""What follows `manifest:` or `dicom:`; all of a digest from before there was a key."""


def upgrade() -> None:
    """Add the column, filled from the facts, and the index over those that have one."""
    for column in optional(TEXT, "grouped"):
        op.add_column("cases", column)
    dialect = op.get_bind().dialect.name
    stored = f"({STORED[dialect]})"
    bare = sa.literal_column(BARE[dialect].format(stored), TEXT)
    named = sa.literal_column(stored, TEXT).is_not(None)
    op.execute(CASES.update().where(named).values(grouped=bare))
    known = sa.text("grouped IS NOT NULL")
    op.create_index(
        "ix_cases_grouped",
        "cases",
        ["domain", "grouped", "opened_at"],
        sqlite_where=known,
        postgresql_where=known,
    )


def downgrade() -> None:
    """Drop it; the facts hold it still."""
    op.drop_index("ix_cases_grouped", "cases")
    op.drop_column("cases", "grouped")
