"""The schema's version: brought up to date by the migrations, and compared with the tables here.

The migrations are a package beside this one (`secondlook_migrations`, in the same wheel), found
by name, so that an installed copy needs neither an ini file nor a checkout.
"""

import threading
from collections.abc import Callable
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from secondlook.errors import StoreError
from secondlook.store.drift import drift

Note = Callable[[Connection, str | None, str], None]
"""Called in the transaction of the last step with the versions before and after it."""

NEWER = "a newer secondlook made it. Update this program."
OLDER = "run `secondlook db upgrade`."

_ALEMBIC = threading.Lock()
"""alembic keeps the present migration in module globals."""


def upgrade(engine: Engine, note: Note) -> None:
    """Run the missing migrations, each in a transaction of its own.

    The transaction begins with a lock and the version is read inside it, so that of several
    processes one migrates and the others find it done. `engine` is a `migration_engine`.
    """
    head = head_revision()
    while True:
        with engine.begin() as connection:
            before = revision(connection)
            if before == head:
                return
            _check_known(before)
            run(connection, command.upgrade, "+1")
            after = revision(connection)
            if after == head:
                note(connection, before, after)


def run(connection: Connection, verb: Callable[[Config, str], None], target: str) -> None:
    """Run an alembic command (`command.upgrade`, `command.downgrade`) on a connection."""
    with _ALEMBIC:
        config = _config()
        config.attributes["connection"] = connection
        verb(config, target)


def check(connection: Connection) -> tuple[str, ...]:
    """What is wrong with the schema, in plain words; leaves temporary tables to roll back."""
    present, head = revision(connection), head_revision()
    if present is None:
        return ("The database has no secondlook schema. Run `secondlook db upgrade`.",)
    if present not in _known():
        return (f"The database has schema {present}: {NEWER}",)
    if present != head:
        return (f"The database has schema {present} and needs {head}: {OLDER}",)
    return drift(connection)


def revision(connection: Connection) -> str | None:
    """The version of the database's schema; None when it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The version this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise StoreError("Tried to find the migrations: the package holds none. Reinstall it.")
    return head


def _check_known(present: str | None) -> None:
    if present is not None and present not in _known():
        raise StoreError(f"Tried to upgrade a database with schema {present}: {NEWER}")


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    folder = str(files("secondlook_migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
