"""The schema to begin with.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.append_only import create_function, drop_function, protect
from secondlook_migrations.shorthand import (
    BIG,
    INTEGER,
    JSON,
    MOMENT,
    NUMBER,
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

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    *("cases", "attachments", "records", "passages", "case_records", "quarantine"),
    *("assessments", "findings", "evidence", "decisions", "finding_acts", "leases", "drafts"),
    *("users", "audit_events", "audit_heads", "adapters", "runs"),
)
APPEND_ONLY = ("audit_events", "decisions", "finding_acts")


def upgrade() -> None:
    """Create every table, then the triggers."""
    _cases()
    _assessments()
    _reviews()
    _audit()
    _models()
    create_function()
    for table in APPEND_ONLY:
        protect(table)


def downgrade() -> None:
    """Drop every table; triggers and indexes go with them."""
    for table in reversed(TABLES):
        op.drop_table(table)
    drop_function()


def _cases() -> None:
    """Cases, their files and their texts."""
    op.create_table(
        "cases",
        *needed(SHA256, "id"),
        *needed(TEXT, "domain", "title"),
        *optional(TEXT, "product", "name", "recommended", "headline", "abstained"),
        *optional(TEXT, "decided", "assessed_by", "failure"),
        *needed(WORD, "status"),
        *needed(sa.Boolean(), "is_open"),
        sa.Column("is_held", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("priority", INTEGER, server_default=sa.text("0"), nullable=False),
        sa.Column("score", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.Column("version", INTEGER, server_default=sa.text("1"), nullable=False),
        *needed(MOMENT, "opened_at"),
        *optional(SHA256, "picture"),
        *needed(JSON, "facts"),
        one_of("cases", "status", "new", "assessed", "failed", "decided"),
        primary("cases", "id"),
    )
    index(
        "ix_cases_domain_order", "cases", "domain", "is_open", "is_held", "priority", "score", "id"
    )
    index("ix_cases_domain_status_order", "cases", "domain", "status", "priority", "score", "id")
    index("ix_cases_open_order", "cases", "is_open", "is_held", "priority", "score", "id")
    index(
        "ix_cases_product_order",
        "cases",
        "domain",
        "product",
        "is_open",
        "is_held",
        "priority",
        "score",
        "id",
    )
    index("ix_cases_status_order", "cases", "status", "priority", "score", "id")
    op.create_table(
        "attachments",
        *needed(SHA256, "case_id", "sha256"),
        *needed(INTEGER, "ordinal"),
        *needed(TEXT, "name", "media_type"),
        *needed(BIG, "size"),
        *needed(WORD, "role"),
        *needed(JSON, "facts"),
        one_of("attachments", "role", "image", "volume", "document", "other"),
        refers("attachments", "case_id", "cases.id"),
        primary("attachments", "case_id", "ordinal"),
        unique("attachments", "case_id", "sha256"),
    )
    index("ix_attachments_sha256", "attachments", "sha256")
    op.create_table(
        "records",
        sa.Column("id", INTEGER, nullable=False),
        *needed(SHA256, "sha256"),
        *needed(TEXT, "kind", "media_type", "text"),
        primary("records", "id"),
        unique("records", "sha256", "kind"),
    )
    op.create_table(
        "passages",
        *needed(INTEGER, "record_id", "ordinal", "first", "beyond", "line"),
        *optional(INTEGER, "page"),
        sa.CheckConstraint("first >= 0 AND beyond >= first", name=op.f("ck_passages_stretch")),
        refers("passages", "record_id", "records.id"),
        primary("passages", "record_id", "ordinal"),
    )
    op.create_table(
        "case_records",
        *needed(SHA256, "case_id"),
        *needed(INTEGER, "record_id", "ordinal"),
        *needed(TEXT, "name"),
        refers("case_records", "case_id", "cases.id"),
        refers("case_records", "record_id", "records.id"),
        primary("case_records", "case_id", "record_id"),
    )
    index("ix_case_records_record_id", "case_records", "record_id")
    op.create_table(
        "quarantine",
        *needed(SHA256, "key"),
        *needed(TEXT, "domain", "source", "reason", "detail"),
        *optional(SHA256, "sha256"),
        *optional(BIG, "size"),
        *optional(INTEGER, "row"),
        *needed(MOMENT, "at"),
        primary("quarantine", "key"),
    )
    index("ix_quarantine_domain", "quarantine", "domain")


def _assessments() -> None:
    """What the machine says."""
    op.create_table(
        "assessments",
        *needed(SHA256, "id", "case_id"),
        *needed(INTEGER, "ordinal", "priority"),
        *needed(MOMENT, "created_at"),
        *needed(TEXT, "adapter", "inputs", "code_version"),
        *needed(JSON, "backbones", "flags"),
        *optional(TEXT, "disposition"),
        *optional(JSON, "abstention"),
        *needed(NUMBER, "score"),
        refers("assessments", "case_id", "cases.id"),
        primary("assessments", "id"),
        unique("assessments", "case_id", "adapter", "inputs"),
        unique("assessments", "case_id", "ordinal"),
    )
    op.create_table(
        "findings",
        *needed(SHA256, "assessment_id"),
        *needed(INTEGER, "ordinal"),
        *needed(TEXT, "label", "title"),
        *optional(NUMBER, "score", "threshold", "probability"),
        *optional(TEXT, "site", "severity"),
        refers("findings", "assessment_id", "assessments.id"),
        primary("findings", "assessment_id", "ordinal"),
    )
    op.create_table(
        "evidence",
        *needed(SHA256, "assessment_id"),
        *needed(INTEGER, "ordinal"),
        *optional(INTEGER, "finding"),
        *needed(TEXT, "kind"),
        *needed(JSON, "payload"),
        sa.ForeignKeyConstraint(
            ["assessment_id", "finding"],
            ["findings.assessment_id", "findings.ordinal"],
            name=op.f("fk_evidence_assessment_id_finding_findings"),
        ),
        refers("evidence", "assessment_id", "assessments.id"),
        primary("evidence", "assessment_id", "ordinal"),
    )


def _reviews() -> None:
    """What people do."""
    op.create_table(
        "decisions",
        *needed(SHA256, "id", "case_id"),
        *needed(INTEGER, "ordinal"),
        *needed(TEXT, "reviewer", "disposition", "reason"),
        *needed(MOMENT, "decided_at"),
        *optional(SHA256, "assessment_id", "amends"),
        refers("decisions", "amends", "decisions.id"),
        refers("decisions", "assessment_id", "assessments.id"),
        refers("decisions", "case_id", "cases.id"),
        primary("decisions", "id"),
        unique("decisions", "amends"),
        unique("decisions", "case_id", "ordinal"),
    )
    op.create_table(
        "finding_acts",
        *needed(SHA256, "decision_id"),
        *needed(INTEGER, "ordinal"),
        *needed(TEXT, "label"),
        *needed(WORD, "act"),
        one_of("finding_acts", "act", "agree", "edit", "reject", "add"),
        refers("finding_acts", "decision_id", "decisions.id"),
        primary("finding_acts", "decision_id", "ordinal"),
    )
    op.create_table(
        "leases",
        *needed(SHA256, "case_id"),
        *needed(TEXT, "reviewer"),
        *needed(MOMENT, "until"),
        *needed(INTEGER, "fence"),
        refers("leases", "case_id", "cases.id"),
        primary("leases", "case_id"),
        sqlite_with_rowid=False,
    )
    index("ix_leases_until", "leases", "until")
    index("ix_leases_reviewer", "leases", "reviewer", "until")
    op.create_table(
        "drafts",
        *needed(SHA256, "case_id"),
        *needed(TEXT, "reviewer"),
        *needed(JSON, "body"),
        *needed(MOMENT, "saved_at"),
        refers("drafts", "case_id", "cases.id"),
        primary("drafts", "case_id", "reviewer"),
    )
    op.create_table(
        "users",
        *needed(TEXT, "name", "role"),
        *needed(MOMENT, "created_at"),
        primary("users", "name"),
    )


def _audit() -> None:
    """The trail of what was done."""
    op.create_table(
        "audit_events",
        *needed(SHA256, "chain", "hash"),
        *needed(INTEGER, "seq"),
        *needed(MOMENT, "at"),
        *needed(TEXT, "actor", "action", "body"),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_audit_events_seq")),
        primary("audit_events", "chain", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_heads",
        *needed(SHA256, "chain", "hash", "signature"),
        *needed(INTEGER, "seq"),
        primary("audit_heads", "chain"),
    )


def _models() -> None:
    """Adapters and runs."""
    op.create_table(
        "adapters",
        *needed(TEXT, "id", "domain", "product", "path"),
        *needed(INTEGER, "version"),
        *needed(JSON, "backbone", "card"),
        *needed(SHA256, "sha256"),
        *needed(WORD, "state"),
        *needed(MOMENT, "created_at"),
        one_of("adapters", "state", "champion", "challenger", "retired"),
        primary("adapters", "id"),
        unique("adapters", "domain", "product", "version"),
    )
    op.create_index(
        "uq_adapters_champion",
        "adapters",
        ["domain", "product"],
        unique=True,
        sqlite_where=sa.text("state = 'champion'"),
        postgresql_where=sa.text("state = 'champion'"),
    )
    op.create_table(
        "runs",
        *needed(SHA256, "id"),
        *needed(TEXT, "verb", "code_version", "status"),
        *needed(JSON, "config", "metrics"),
        *optional(BIG, "seed"),
        *needed(MOMENT, "started_at"),
        *optional(MOMENT, "finished_at"),
        primary("runs", "id"),
    )
    index("ix_runs_started_at", "runs", "started_at")
