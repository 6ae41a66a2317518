"""Where a database differs from the tables of this program.

alembic compares tables, columns, types, indexes and keys. It sees neither the text of a CHECK
nor a trigger, so both are compared here.
"""

import re
from collections.abc import Iterator
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, MetaData, Table, inspect, text
from sqlalchemy.schema import CreateTable

from secondlook.store.tables import metadata
from secondlook.store.triggers import APPEND_ONLY, BODY, FUNCTION, create_triggers, trigger_names


def drift(connection: Connection) -> tuple[str, ...]:
    """Every difference as a sentence. Further tables in the database are nobody's business."""
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    differences = [*_flat(compare_metadata(context, metadata))]
    found = [_sentence(d) for d in differences if d[0] != "remove_table"]
    return (*found, *_checks(connection), *_triggers(connection))


def _flat(differences: list[Any]) -> Iterator[tuple[Any, ...]]:
    for difference in differences:
        if isinstance(difference, list):
            yield from difference
        else:
            yield difference


def _sentence(difference: tuple[Any, ...]) -> str:
    verb, kind = difference[0].split("_", 1)
    if verb == "modify":
        return f"The {kind} of column {difference[2]}.{difference[3]} differs."
    thing = difference[-1]
    table = getattr(getattr(thing, "table", None), "name", None) or difference[-2]
    where = "" if kind == "table" else f" of table {table}"
    state = "is missing" if verb == "add" else "should not be there"
    return f"The {kind} {thing.name!r}{where} {state}."


def _checks(connection: Connection) -> Iterator[str]:
    present = set(inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name in present:
            wanted, found = _wanted_checks(connection, table), _found_checks(connection, table)
            for name in sorted(wanted.keys() | found.keys()):
                if wanted.get(name) != found.get(name):
                    yield f"The CHECK {name} of table {table.name} differs."


def _wanted_checks(connection: Connection, table: Table) -> dict[str, str]:
    if connection.dialect.name == "postgresql":
        return _normalised_by_postgresql(connection, table)
    constraints = (c for c in table.constraints if isinstance(c, CheckConstraint))
    return {str(c.name): _plain(str(c.sqltext)) for c in constraints}


def _found_checks(connection: Connection, table: Table) -> dict[str, str]:
    if connection.dialect.name == "postgresql":
        return _postgresql_checks(connection, table.name, "current_schema()::regnamespace")
    constraints = inspect(connection).get_check_constraints(table.name)
    return {str(c["name"]): _plain(str(c["sqltext"])) for c in constraints}


def _normalised_by_postgresql(connection: Connection, table: Table) -> dict[str, str]:
    """PostgreSQL rewrites a CHECK when it stores it, so it is asked to rewrite ours as well."""
    copy = table.to_metadata(MetaData(naming_convention=metadata.naming_convention))
    copy._prefixes = ("TEMPORARY",)
    connection.execute(CreateTable(copy, include_foreign_key_constraints=[]))
    try:
        return _postgresql_checks(connection, table.name, "pg_my_temp_schema()")
    finally:
        connection.execute(text(f"DROP TABLE pg_temp.{table.name}"))


def _postgresql_checks(connection: Connection, table: str, schema: str) -> dict[str, str]:
    query = text(
        "SELECT conname, pg_get_constraintdef(c.oid) FROM pg_constraint c "  # noqa: S608 - a constant
        "JOIN pg_class t ON t.oid = c.conrelid "
        f"WHERE c.contype = 'c' AND t.relname = :table AND t.relnamespace = {schema}"
    )
    return dict(connection.execute(query, {"table": table}).all())


def _triggers(connection: Connection) -> Iterator[str]:
    postgresql = connection.dialect.name == "postgresql"
    found = _postgresql_triggers(connection) if postgresql else _sqlite_triggers(connection)
    for table in APPEND_ONLY:
        wanted = create_triggers(table, connection.dialect.name)
        for name, definition in zip(trigger_names(table), wanted, strict=True):
            if name not in found:
                yield f"The trigger {name} is missing or switched off: {table} can be changed."
            elif found[name] != _plain(definition):
                yield f"The trigger {name} differs."


def _sqlite_triggers(connection: Connection) -> dict[str, str]:
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {name: _plain(sql) for name, sql in connection.execute(query)}


def _postgresql_triggers(connection: Connection) -> dict[str, str]:
    query = text(
        "SELECT tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
        "JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT tgisinternal AND tgenabled = 'O' AND p.proname = :name AND p.prosrc = :body "
        "AND c.relnamespace = current_schema()::regnamespace"
    )
    rows = connection.execute(query, {"name": FUNCTION, "body": BODY})
    return {name: _plain(definition) for name, definition in rows}


def _plain(sql: str) -> str:
    """Without what the databases add on their own: spaces, schema names."""
    return re.sub(r"\s+", " ", re.sub(r"\b(public|pg_temp)\.", "", sql)).strip()
