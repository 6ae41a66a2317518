"""Products: what is described of them, and what a case was decided and looked at under.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.append_only import protect
from secondlook_migrations.shorthand import (
    INTEGER,
    JSON,
    MOMENT,
    NUMBER,
    SHA256,
    TEXT,
    index,
    needed,
    optional,
    primary,
    refers,
    unique,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SAME = "case_id_adapter_inputs"
SAME_COLUMNS = ["case_id", "adapter", "inputs"]


def upgrade() -> None:
    """Create both tables, empty, and the columns of cases and assessments."""
    op.create_table(
        "products",
        *needed(SHA256, "id"),
        *needed(TEXT, "domain", "name"),
        *needed(MOMENT, "created_at"),
        primary("products", "id"),
        unique("products", "domain", "name"),
    )
    op.create_table(
        "product_versions",
        *needed(SHA256, "id", "product_id"),
        *needed(INTEGER, "ordinal"),
        *optional(NUMBER, "pitch_mm"),
        *needed(JSON, "zones"),
        *optional(TEXT, "revision", "file"),
        *optional(INTEGER, "record_id"),
        *needed(MOMENT, "added_at"),
        *needed(TEXT, "added_by"),
        refers("product_versions", "product_id", "products.id"),
        refers("product_versions", "record_id", "records.id"),
        primary("product_versions", "id"),
        unique("product_versions", "product_id", "ordinal"),
    )
    index("ix_product_versions_record_id", "product_versions", "record_id")
    protect("product_versions")
    op.add_column("cases", sa.Column("described", INTEGER, nullable=True))
    with op.batch_alter_table("assessments") as table:
        table.add_column(
            sa.Column("rejudged", SHA256, nullable=False, server_default=sa.text("''"))
        )
        table.add_column(sa.Column("spec", JSON, nullable=True))
        table.drop_constraint(op.f(f"uq_assessments_{SAME}"), type_="unique")
        table.create_unique_constraint(
            op.f(f"uq_assessments_{SAME}_rejudged"), [*SAME_COLUMNS, "rejudged"]
        )


def downgrade() -> None:
    """Drop them; the audit trail goes on telling of the products.

    0004 has one assessment for each adapter and inputs. What was judged again keeps its row, and
    says in its inputs of what; the audit trail tells that it was changed.
    """
    op.execute("UPDATE assessments SET inputs = inputs || ':' || rejudged WHERE rejudged <> ''")
    with op.batch_alter_table("assessments") as table:
        table.drop_constraint(op.f(f"uq_assessments_{SAME}_rejudged"), type_="unique")
        table.create_unique_constraint(op.f(f"uq_assessments_{SAME}"), SAME_COLUMNS)
        table.drop_column("spec")
        table.drop_column("rejudged")
    op.drop_column("cases", "described")
    op.drop_table("product_versions")
    op.drop_table("products")
