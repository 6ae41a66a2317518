"""Engines: how a connection to each database is set up, and how a transaction begins on it."""

import contextlib
import json
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from secondlook.errors import StoreError
from secondlook.store.refusals import translate_errors

WAIT_SECONDS = 30
"""How long a writer waits for another one before it gives up."""
UPGRADE_LOCK = 0x5EC0_0D10_0C
"""Advisory lock that migrations hold on PostgreSQL."""
BEGIN = "secondlook_begin"
"""Execution option: which statement opens a transaction on SQLite."""

to_json = partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def parse_url(url: str) -> URL:
    """The URL of a database this project can use; StoreError says which ones those are."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(f"Tried to read a database URL: it is not one. {_forms()}") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"Tried to use {parsed.drivername!r} as a database. {_forms()}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError(f"Tried to keep cases in memory: they would be lost. {_forms()}")
    return parsed.set(drivername=_driver(parsed))


def _forms() -> str:
    return "Use sqlite:////folder/file.db or postgresql+psycopg://user@host/database."


def _driver(url: URL) -> str:
    return "sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"


def shown_url(url: URL) -> str:
    """The URL for people to read: no password, wherever it stood."""
    hidden = {key: "***" if "pass" in key else value for key, value in url.query.items()}
    return url.set(query=hidden).render_as_string(hide_password=True)


def application_engine(url: URL) -> Engine:
    """The engine of the application: foreign keys on, every commit on the disk."""
    engine = _engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def migration_engine(url: URL) -> Engine:
    """The engine of migrations: one at a time, and foreign keys off on SQLite.

    With them on, the rebuild of a table deletes the rows of its children.
    """
    engine = _engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite_migration)
        engine = engine.execution_options(**{BEGIN: "IMMEDIATE"})
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _lock_upgrades)
    return engine


def _engine(url: URL, **options: Any) -> Engine:
    arguments: dict[str, Any] = {"timeout": WAIT_SECONDS, "isolation_level": None}
    if url.get_backend_name() != "sqlite":
        settings = f"-c timezone=UTC -c lock_timeout={WAIT_SECONDS}s"
        arguments = {"options": settings, "connect_timeout": 10}
    engine = create_engine(
        url, hide_parameters=True, json_serializer=to_json, connect_args=arguments, **options
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", lambda *_: _make_private(url))
    translate_errors(engine, shown_url(url))
    return engine


def _make_private(url: URL) -> None:
    """Make a new database file for its owner alone; SQLite gives its log the same mode."""
    file = sqlite_file(url)
    if file is not None and not file.exists():  # to open and close one would end SQLite's locks
        with contextlib.suppress(OSError):  # made meanwhile; or SQLite says what is wrong
            file.touch(mode=0o600, exist_ok=False)


def _set_up_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")


def _set_up_sqlite_migration(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA synchronous = FULL")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # Two processes that create the file at once can meet here, where SQLite does not wait.
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    if mode != "wal":
        raise StoreError(
            f"Tried to open an SQLite database: its folder allows the journal mode {mode!r} and "
            "not 'wal'. Use a local disk, or PostgreSQL for a shared folder."
        )


def _begin_sqlite(connection: Connection) -> None:
    kind = connection.get_execution_options().get(BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")


def _lock_upgrades(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database; None for a server, and for SQLite's own `file:` names."""
    name = url.database if url.get_backend_name() == "sqlite" else None
    return Path(name) if name and not name.startswith("file:") else None
