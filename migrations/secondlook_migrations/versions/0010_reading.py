"""Reading: stages of a case, reads and how decisions came about, what was done beside deciding.

Revision ID: 0010
Revises: 0009
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.append_only import protect, protect_after_rebuild
from secondlook_migrations.shorthand import (
    INTEGER,
    JSON,
    MOMENT,
    SHA256,
    TEXT,
    WORD,
    index,
    needed,
    one_of,
    optional,
    primary,
    refers,
    unique,
)

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HOW = "how IN ('alone', 'first', 'second', 'agreed', 'adjudicated')"
STAGES = "'first', 'second', 'adjudication', 'escalated'"
LEADS = "'adjudication', 'escalated'"
PEOPLE = ("first_reader", "passed_by", "handed_to")
ORDERS = {
    "ix_cases_open_order": (),
    "ix_cases_domain_order": ("domain",),
    "ix_cases_product_order": ("domain", "product"),
}
PARTIAL = {
    "ix_cases_stage": ("stage <> 'first'", ("stage",)),
    "ix_cases_domain_stage": ("stage <> 'first'", ("domain", "stage")),
    "ix_cases_handed_to": ("handed_to IS NOT NULL", ("handed_to",)),
}


def upgrade() -> None:
    """Add the columns; all cases wait for a first read, all decisions were made by one reader."""
    no = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    # As statements, because so SQLite takes a CHECK along without a rebuild of the table.
    op.execute(
        "ALTER TABLE cases ADD COLUMN stage VARCHAR(16) DEFAULT 'first' NOT NULL "
        f"CONSTRAINT ck_cases_stage CHECK (stage IN ({STAGES}))"
    )
    op.execute(
        f"ALTER TABLE cases ADD COLUMN for_leads BOOLEAN DEFAULT {no} NOT NULL "
        f"CONSTRAINT ck_cases_for_leads CHECK (for_leads = (stage IN ({LEADS})))"
    )
    for column in (*optional(TEXT, *PEOPLE), *optional(WORD, "status_before")):
        op.add_column("cases", column)
    _order_by("is_open", "for_leads", "is_held")
    for name, (where, columns) in PARTIAL.items():
        said = sa.text(where)
        every = [*columns, "priority", "turn", "id"]
        op.create_index(name, "cases", every, sqlite_where=said, postgresql_where=said)
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("how", WORD, nullable=False, server_default=sa.text("'alone'")))
        table.add_column(sa.Column("severity", TEXT))
        table.add_column(sa.Column("reason_codes", JSON))
        table.add_column(sa.Column("second_to", SHA256))
        table.create_check_constraint(op.f("ck_decisions_how"), HOW)
        name = op.f("fk_decisions_second_to_decisions")
        table.create_foreign_key(name, "decisions", ["second_to"], ["id"])
    protect_after_rebuild("decisions")
    index("ix_decisions_reviewer", "decisions", "reviewer", "decided_at")
    index("ix_decisions_second_to", "decisions", "second_to")
    for column in _of_acts():
        op.add_column("finding_acts", column)
    op.create_table(
        "case_acts",
        *needed(SHA256, "id", "case_id"),
        *needed(INTEGER, "ordinal"),
        *needed(WORD, "deed"),
        *needed(TEXT, "reviewer", "reason"),
        *needed(MOMENT, "at"),
        *optional(TEXT, "to", "key"),
        *optional(SHA256, "about"),
        refers("case_acts", "case_id", "cases.id"),
        refers("case_acts", "about", "decisions.id"),
        primary("case_acts", "id"),
        unique("case_acts", "case_id", "ordinal"),
        unique("case_acts", "about"),
        unique("case_acts", "key"),
        one_of("case_acts", "deed", "escalated", "handed_over", "put_back", "undone"),
    )
    protect("case_acts")


def downgrade() -> None:
    """Drop them. Open cases wait for anybody again; reads that decided nothing become decisions
    of the history, under the open case; the audit trail tells what is missing or changed."""
    op.drop_table("case_acts")
    for column in _of_acts():
        op.drop_column("finding_acts", column.name)
    op.drop_index("ix_decisions_second_to", "decisions")
    op.drop_index("ix_decisions_reviewer", "decisions")
    with op.batch_alter_table("decisions") as table:
        table.drop_constraint(op.f("fk_decisions_second_to_decisions"), type_="foreignkey")
        table.drop_constraint(op.f("ck_decisions_how"), type_="check")
        for name in ("second_to", "reason_codes", "severity", "how"):
            table.drop_column(name)
    protect_after_rebuild("decisions")
    for name in PARTIAL:
        op.drop_index(name, "cases")
    _order_by("is_open", "is_held")
    for name in ("status_before", *PEOPLE, "for_leads", "stage"):
        op.drop_column("cases", name)


def _of_acts() -> list[sa.Column[Any]]:
    return [*optional(TEXT, "becomes", "severity", "site", "comment"), *optional(JSON, "area")]


def _order_by(*equal: str) -> None:
    for name, columns in ORDERS.items():
        op.drop_index(name, "cases")
        index(name, "cases", *columns, *equal, "priority", "turn", "id")
