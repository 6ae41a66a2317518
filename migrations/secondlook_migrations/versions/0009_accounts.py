"""Accounts: passphrases, roles by domain, sessions, links that are good once.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from secondlook_migrations.shorthand import (
    INTEGER,
    MOMENT,
    SHA256,
    TEXT,
    index,
    needed,
    one_of,
    optional,
    primary,
    refers,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ROLE = sa.String(length=16)
USERS = sa.table("users", *map(sa.column, ("name", "role", "created_at", "custodian_at")))
GRANTS = sa.table("grants", *map(sa.column, ("user", "domain", "role")))
CUSTODIAN, REVIEWER = "custodian", "reviewer"
TABLES = ("sign_in_tries", "one_time", "sessions", "identities", "grants")


def upgrade() -> None:
    """Everybody who is known stays a reviewer of all domains, and nobody can sign in yet."""
    for column in (*optional(TEXT, "passphrase"), *optional(MOMENT, *_moments())):
        op.add_column("users", column)
    held = USERS.c.role == CUSTODIAN
    op.execute(USERS.update().where(held).values(custodian_at=USERS.c.created_at))
    _create_tables()
    everybody = sa.select(USERS.c.name, sa.literal("*"), sa.literal(REVIEWER))
    op.execute(GRANTS.insert().from_select(["user", "domain", "role"], everybody))
    with op.batch_alter_table("users") as users:
        users.drop_column("role")


def downgrade() -> None:
    """Custodians and reviewers are left; passphrases, roles and sessions are lost."""
    for table in TABLES:
        op.drop_table(table)
    op.add_column("users", sa.Column("role", TEXT, nullable=True))
    role = sa.case((USERS.c.custodian_at.is_not(None), CUSTODIAN), else_=REVIEWER)
    op.execute(USERS.update().values(role=role))
    with op.batch_alter_table("users") as users:
        users.alter_column("role", existing_type=TEXT, nullable=False)
        for name in ("passphrase", *_moments()):
            users.drop_column(name)


def _moments() -> tuple[str, ...]:
    return ("one_time_until", "disabled_at", "custodian_at")


def _create_tables() -> None:
    op.create_table(
        "grants",
        *needed(TEXT, "user", "domain"),
        *needed(ROLE, "role"),
        refers("grants", "user", "users.name"),
        one_of("grants", "role", "owner", "lead", "reviewer", "viewer"),
        primary("grants", "user", "domain"),
    )
    op.create_table(
        "identities",
        *needed(TEXT, "issuer", "subject", "user"),
        refers("identities", "user", "users.name"),
        primary("identities", "issuer", "subject"),
    )
    op.create_table(
        "sessions",
        *needed(SHA256, "digest"),
        *needed(TEXT, "user", "how"),
        *needed(MOMENT, "since", "idle_at", "until"),
        refers("sessions", "user", "users.name"),
        primary("sessions", "digest"),
    )
    index("ix_sessions_user", "sessions", "user")
    index("ix_sessions_until", "sessions", "until")
    op.create_table(
        "one_time",
        *needed(SHA256, "digest"),
        *needed(TEXT, "purpose"),
        *optional(TEXT, "user"),
        *needed(MOMENT, "until"),
        refers("one_time", "user", "users.name"),
        primary("one_time", "digest"),
    )
    op.create_table(
        "sign_in_tries",
        *needed(INTEGER, "bucket", "failures"),
        *needed(MOMENT, "last_at"),
        primary("sign_in_tries", "bucket"),
    )
