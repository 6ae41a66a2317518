"""Triage: order by waiting time, limits of waiting, priorities that people set.

Revision ID: 0007
Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.append_only import protect
from secondlook_migrations.shorthand import (
    INTEGER,
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

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CASES = sa.table(
    "cases",
    *map(sa.column, ("domain", "status", "abstained", "assessed_by", "opened_at", "score")),
    *map(sa.column, ("priority", "machine_priority", "turn")),
)
OF_RADIOLOGY = CASES.c.domain == "radiology-assistant"
HORIZON = 4294967296.0
EPOCH = {
    "sqlite": "(julianday(opened_at) - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch FROM opened_at)",
}
ORDERS = {
    "ix_cases_open_order": ("is_open", "is_held"),
    "ix_cases_domain_order": ("domain", "is_open", "is_held"),
    "ix_cases_product_order": ("domain", "product", "is_open", "is_held"),
    "ix_cases_status_order": ("status",),
    "ix_cases_domain_status_order": ("domain", "status"),
}


def _added() -> tuple[sa.Column[Any], ...]:
    return (
        *optional(INTEGER, "machine_priority", "human_priority"),
        *optional(MOMENT, "promote_at", "promoted_at", "reopened_at"),
        sa.Column("turn", NUMBER, server_default=sa.text("0"), nullable=False),
    )


def upgrade() -> None:
    """Add the columns, order by turn, and let radiology's priorities begin with routine at 1."""
    for column in _added():
        op.add_column("cases", column)
    op.execute(CASES.update().where(OF_RADIOLOGY).values(priority=_higher()))
    looked = sa.case((CASES.c.assessed_by.is_not(None), CASES.c.priority))
    op.execute(CASES.update().values(turn=CASES.c.score, machine_priority=looked))
    opened = sa.literal_column(EPOCH[op.get_bind().dialect.name], NUMBER)
    op.execute(CASES.update().where(OF_RADIOLOGY).values(turn=HORIZON - opened))
    _order_by("turn")
    limited = sa.text("promote_at IS NOT NULL")
    op.create_index(
        "ix_cases_promote_at",
        "cases",
        ["domain", "promote_at"],
        sqlite_where=limited,
        postgresql_where=limited,
    )
    op.create_table(
        "priority_acts",
        *needed(SHA256, "id", "case_id"),
        *needed(INTEGER, "ordinal", "priority", "before"),
        *needed(TEXT, "reviewer", "band", "reason"),
        *needed(MOMENT, "at"),
        refers("priority_acts", "case_id", "cases.id"),
        primary("priority_acts", "id"),
        unique("priority_acts", "case_id", "ordinal"),
    )
    protect("priority_acts")


def downgrade() -> None:
    """Order by score again. What people set is lost; the audit trail goes on telling of it."""
    op.drop_table("priority_acts")
    op.drop_index("ix_cases_promote_at", "cases")
    _order_by("score")
    lower = CASES.update().where(OF_RADIOLOGY, CASES.c.priority > 0)
    op.execute(lower.values(priority=CASES.c.priority - 1))
    for column in _added():
        op.drop_column("cases", column.name)


def _higher() -> sa.ColumnElement[int]:
    """One more; what was not assessed stood with routine at 0 and now stands with urgent at 2."""
    unjudged = sa.or_(CASES.c.abstained.is_not(None), CASES.c.status == "failed")
    apart = (sa.and_(unjudged, CASES.c.priority == 0), 2)
    return sa.case(apart, else_=CASES.c.priority + 1)


def _order_by(last: str) -> None:
    for name, columns in ORDERS.items():
        op.drop_index(name, "cases")
        index(name, "cases", *columns, "priority", last, "id")
