"""Append-only triggers, for migrations: a rebuild of a table drops its triggers.

A copy on purpose: what an old migration did must not change when the present triggers do. The
present ones stand in `secondlook.store.triggers`; `Database.check` compares.
"""

from alembic import op

_FUNCTION = "refuse_change"
_BODY = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"


def create_function() -> None:
    """PostgreSQL: the function that the triggers call. SQLite needs none."""
    if not _sqlite():
        op.execute(f"CREATE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$")


def drop_function() -> None:
    """Undo `create_function`; the triggers must be gone."""
    if not _sqlite():
        op.execute(f"DROP FUNCTION {_FUNCTION}()")


def protect(table: str) -> None:
    """Refuse UPDATE and DELETE on a table."""
    if _sqlite():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        return
    call = f"EXECUTE FUNCTION {_FUNCTION}()"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {call}")
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT {call}"
    )


def protect_after_rebuild(table: str) -> None:
    """After `batch_alter_table`: SQLite has rebuilt the table without triggers."""
    if _sqlite():
        protect(table)


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
