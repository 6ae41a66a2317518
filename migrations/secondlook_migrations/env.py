"""How alembic runs the migrations: on the connection it is handed, else on SECONDLOOK_DATABASE_URL.

`Database.upgrade` hands in a connection inside a transaction. The alembic command line, run from
the repository root, does not; then one transaction holds the whole command.
"""

import os
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Enum

from secondlook.store.base import UtcDateTime
from secondlook.store.engines import migration_engine, parse_url
from secondlook.store.tables import metadata
from secondlook_migrations.harm import unharmed

VARIABLE = "SECONDLOOK_DATABASE_URL"


def migrate(connection: Connection) -> None:
    """Run the steps alembic has planned, and let none lose a row or break a reference."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        compare_server_default=True,
        render_item=plain_type,
    )
    with unharmed(connection), context.begin_transaction():
        context.run_migrations()


def plain_type(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Our column types as SQLAlchemy's own: a migration imports nothing from `secondlook`."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    return False


def url() -> str:
    """The database of the command line."""
    value = os.environ.get(VARIABLE)
    if not value:
        raise SystemExit(f"Set {VARIABLE}, for instance to sqlite:///scratch.db.")
    return value


handed = context.config.attributes.get("connection")
if isinstance(handed, Connection):
    migrate(handed)
elif context.is_offline_mode():
    raise SystemExit("Migrations need a database: they count rows before and after. Drop --sql.")
else:
    with migration_engine(parse_url(url())).begin() as connection:
        migrate(connection)
