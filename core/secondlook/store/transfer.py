"""Moving everything to another database: SQLite to PostgreSQL when a team outgrows one machine."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, Table, func, insert, select

from secondlook.errors import StoreError
from secondlook.store.tables import metadata

ROWS = 500
"""Rows per statement."""


def transfer(source: Connection, target: Connection, advance: Callable[[int], None]) -> int:
    """Copy every row of every table, audit chains and their signatures included.

    Both connections are in a transaction of the caller. `advance` is told of each batch. Returns
    how many rows were copied. StoreError unless the target is empty and holds all in the end.
    """
    for table in metadata.sorted_tables:
        if _count(target, table):
            raise StoreError(
                f"Tried to copy into a database whose table {table.name} has rows already. "
                "Give an empty database."
            )
    return sum(_copy(source, target, table, advance) for table in metadata.sorted_tables)


def count_rows(connection: Connection) -> int:
    """How many rows all tables hold together."""
    return sum(_count(connection, table) for table in metadata.sorted_tables)


def _copy(
    source: Connection, target: Connection, table: Table, advance: Callable[[int], None]
) -> int:
    copied = 0
    rows = source.execution_options(yield_per=ROWS).execute(select(table).order_by(*_order(table)))
    for part in rows.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in part])
        copied += len(part)
        advance(len(part))
    if _count(target, table) != copied:
        raise StoreError(f"Tried to copy {table.name}: not every row arrived. Try again.")
    _count_on(target, table)
    return copied


def _count_on(target: Connection, table: Table) -> None:
    """PostgreSQL numbers new rows by a counter of its own, which copied rows do not move."""
    numbered = table.autoincrement_column
    if target.dialect.name != "postgresql" or numbered is None:
        return
    counter = func.pg_get_serial_sequence(table.name, numbered.name)
    highest = select(func.max(numbered)).scalar_subquery()
    target.execute(select(func.setval(counter, highest)))


def _order(table: Table) -> list[ColumnElement[object]]:
    """Rows of a table that refers to itself come after those they refer to."""
    refers = any(key.column.table is table for key in table.foreign_keys)
    return [table.c.ordinal] if refers else list(table.primary_key.columns)


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
