"""What a migration must not do: lose a row, or leave one that refers to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from alembic.script import Script
from sqlalchemy import Connection, func, inspect, select, table, text

from secondlook.errors import StoreError

MAY_CHANGE = "changes_rows_of"
"""Name in a migration's module: the tables whose number of rows it means to change."""


@contextmanager
def unharmed(connection: Connection) -> Iterator[None]:
    """Refuse the migrations run inside, so that they roll back, if they did harm."""
    before, start = _counts(connection), _revision()
    yield
    after, allowed = _counts(connection), _allowed(start, _revision())
    for name in sorted((before.keys() & after.keys()) - allowed):
        if before[name] != after[name]:
            raise StoreError(
                f"Tried to migrate: table {name} had {before[name]} rows and then {after[name]}. "
                "Nothing was changed; report this with the versions of both programs."
            )
    _check_references(connection)


def _counts(connection: Connection) -> dict[str, int]:
    names = set(inspect(connection).get_table_names()) - {"alembic_version"}
    count = select(func.count())
    return {name: connection.execute(count.select_from(table(name))).scalar_one() for name in names}


def _revision() -> str | None:
    return context.get_context().get_current_revision()


def _allowed(start: str | None, end: str | None) -> set[str]:
    steps = _history(start).symmetric_difference(_history(end))
    return {name for step in steps for name in getattr(step.module, MAY_CHANGE, ())}


def _history(revision: str | None) -> set[Script]:
    return set() if revision is None else set(context.script.iterate_revisions(revision, "base"))


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    dangling = {row[0] for row in connection.execute(text("PRAGMA foreign_key_check"))}
    if dangling:
        raise StoreError(
            f"Tried to migrate: rows of {sorted(dangling)} refer to rows that are gone. Nothing "
            "was changed; report this with the versions of both programs."
        )
