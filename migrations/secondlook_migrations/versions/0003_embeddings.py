"""Embeddings: vectors of pictures and passages, so that stored cases can be searched.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.shorthand import INTEGER, MOMENT, SHA256, needed, primary

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables, empty: the first search fills them."""
    op.create_table(
        "image_embeddings",
        *needed(SHA256, "backbone", "case_id", "sha256"),
        *needed(INTEGER, "size"),
        *needed(sa.LargeBinary(), "vector"),
        *needed(MOMENT, "created_at"),
        sa.ForeignKeyConstraint(
            ["case_id", "sha256"],
            ["attachments.case_id", "attachments.sha256"],
            name=op.f("fk_image_embeddings_case_id_sha256_attachments"),
        ),
        _whole("image_embeddings"),
        primary("image_embeddings", "backbone", "case_id", "sha256"),
    )
    op.create_table(
        "passage_embeddings",
        *needed(SHA256, "backbone"),
        *needed(INTEGER, "record_id", "ordinal", "size"),
        *needed(sa.LargeBinary(), "vector"),
        *needed(MOMENT, "created_at"),
        sa.ForeignKeyConstraint(
            ["record_id", "ordinal"],
            ["passages.record_id", "passages.ordinal"],
            name=op.f("fk_passage_embeddings_record_id_ordinal_passages"),
        ),
        _whole("passage_embeddings"),
        primary("passage_embeddings", "backbone", "record_id", "ordinal"),
    )


def downgrade() -> None:
    """Drop both. Vectors are made again from what they were made from."""
    op.drop_table("passage_embeddings")
    op.drop_table("image_embeddings")


def _whole(table: str) -> sa.CheckConstraint:
    """A vector holds as many float16 numbers as its row says."""
    return sa.CheckConstraint("length(vector) = 2 * size", name=op.f(f"ck_{table}_whole"))
