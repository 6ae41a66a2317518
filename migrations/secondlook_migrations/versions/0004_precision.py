"""Precision: vectors that one backbone made in float32 and in bfloat16 are kept apart.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.shorthand import INTEGER, MOMENT, SHA256, WORD, needed, primary

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

changes_rows_of = ("image_embeddings", "passage_embeddings")


def upgrade() -> None:
    """Make both tables anew, empty: what was in them does not say what it was computed in."""
    _drop()
    _create("precision")


def downgrade() -> None:
    """The tables of 0003, empty. Vectors are made again from what they were made from."""
    _drop()
    _create()


def _drop() -> None:
    op.drop_table("passage_embeddings")
    op.drop_table("image_embeddings")


def _create(*apart: str) -> None:
    """Both tables; backbone and what else keeps vectors apart come first in their keys."""
    op.create_table(
        "image_embeddings",
        *needed(SHA256, "backbone"),
        *needed(WORD, *apart),
        *needed(SHA256, "case_id", "sha256"),
        *needed(INTEGER, "size"),
        *needed(sa.LargeBinary(), "vector"),
        *needed(MOMENT, "created_at"),
        sa.ForeignKeyConstraint(
            ["case_id", "sha256"],
            ["attachments.case_id", "attachments.sha256"],
            name=op.f("fk_image_embeddings_case_id_sha256_attachments"),
        ),
        _whole("image_embeddings"),
        primary("image_embeddings", "backbone", *apart, "case_id", "sha256"),
    )
    op.create_table(
        "passage_embeddings",
        *needed(SHA256, "backbone"),
        *needed(WORD, *apart),
        *needed(INTEGER, "record_id", "ordinal", "size"),
        *needed(sa.LargeBinary(), "vector"),
        *needed(MOMENT, "created_at"),
        sa.ForeignKeyConstraint(
            ["record_id", "ordinal"],
            ["passages.record_id", "passages.ordinal"],
            name=op.f("fk_passage_embeddings_record_id_ordinal_passages"),
        ),
        _whole("passage_embeddings"),
        primary("passage_embeddings", "backbone", *apart, "record_id", "ordinal"),
    )


def _whole(table: str) -> sa.CheckConstraint:
    """A vector holds as many float16 numbers as its row says."""
    return sa.CheckConstraint("length(vector) = 2 * size", name=op.f(f"ck_{table}_whole"))
