"""The triggers that make tables append-only, as DDL for each database.

They stop a mistake and an honest program. Whoever owns the database can drop them, which is why
the audit chain is hashed and its head signed.
"""

APPEND_ONLY = (
    "acknowledgements",
    "audit_events",
    "case_acts",
    "decisions",
    "finding_acts",
    "intended_uses",
    "priority_acts",
    "product_versions",
)
"""Tables in which rows are only ever inserted."""

FUNCTION = "refuse_change"
BODY = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"


def trigger_names(table: str) -> tuple[str, str]:
    """The names of the triggers against UPDATE and against DELETE."""
    return f"{table}_no_update", f"{table}_no_delete"


def create_function() -> str:
    """PostgreSQL only: the function that both triggers of every table call."""
    return f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${BODY}$$"


def create_triggers(table: str, dialect: str) -> tuple[str, str]:
    """DDL of both triggers of a table on `sqlite` or `postgresql`."""
    update, delete = trigger_names(table)
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        return (
            f"CREATE TRIGGER {update} BEFORE UPDATE ON {table} {refuse}",
            f"CREATE TRIGGER {delete} BEFORE DELETE ON {table} {refuse}",
        )
    call = f"EXECUTE FUNCTION {FUNCTION}()"
    return (
        f"CREATE TRIGGER {update} BEFORE UPDATE ON {table} FOR EACH ROW {call}",
        f"CREATE TRIGGER {delete} BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT {call}",
    )
