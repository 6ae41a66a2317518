"""What a driver's error means for the user: one sentence with the way on, never a value.

Drivers quote rows in their messages ("Failing row contains ..."), and rows hold text about
patients. So no driver message is passed on; the class, or SQLSTATE, is.
"""

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, IntegrityError

from secondlook.errors import BadValue, Conflict, SecondlookError, StoreError

SCHEMA = "it has no secondlook schema, or an older one. Run `secondlook db upgrade`."
FULL = "the disk is full. Nothing was half written; free some space and try again."
APPEND_ONLY = (
    "decisions, acknowledgements, audit events and descriptions of products are append-only. Add a "
    "new one instead."
)
BUSY = "another process holds it. Try again; if that does not help, end the long write."

SQLITE = {
    "database is locked": BUSY,
    "database table is locked": BUSY,
    "disk is full": FULL,
    "no such table": SCHEMA,
    "no such column": SCHEMA,
    "no column named": SCHEMA,
    "unable to open database file": "the file cannot be opened. Check its folder and rights.",
    "readonly database": "the file or its folder is read-only. Give this user write access.",
    "file is not a database": "the file is not an SQLite database. Check the URL.",
    "malformed": "the file is damaged. Restore a backup; `secondlook db check` tests it.",
    "disk i/o error": "the disk reports an error. Check the disk, then run `secondlook db check`.",
    "append-only": APPEND_ONLY,
}
"""Part of SQLite's message (which quotes no values) to what it means."""

POSTGRESQL = {
    "53100": FULL,
    "53300": "it has no connection left. Close some clients or raise max_connections.",
    "55P03": BUSY,
    "40P01": "two writers waited for each other and this one was stopped. Try again.",
    "40001": "the rows changed meanwhile. Try again.",
    "42P01": SCHEMA,
    "42703": SCHEMA,
    "42501": "this user lacks a right there. Grant it, or use the schema's owner.",
    "25006": "it is read-only (a standby, or a unit opened with read()). Write elsewhere.",
    "P0001": APPEND_ONLY,
    "57P01": "the server shut down. Start it and try again.",
}
"""SQLSTATE to what it means."""

PASSWORD = "the user or the password is wrong. Check the URL."
CONNECT = {
    "password authentication failed": PASSWORD,
    "no password supplied": PASSWORD,
    "does not exist": "there is no such database or role. Create it first (`createdb`).",
}
"""Part of libpq's message on connecting (it names user and database, never a password)."""


OF_VALUES = (ValueError, TypeError, OverflowError)
"""What Python raises on turning a value into a driver's; drivers have errors of their own."""


def translate_errors(engine: Engine, shown: str) -> None:
    """Make every error of this engine's driver a StoreError; `shown` is the URL to name in it."""

    @event.listens_for(engine, "handle_error")
    def refuse(context: ExceptionContext) -> BaseException | None:
        original = context.original_exception
        if not isinstance(original, Exception):
            return None  # the program is being stopped
        if isinstance(original, SecondlookError):
            return original
        if isinstance(context.sqlalchemy_exception, IntegrityError):
            return Conflict(
                f"Tried to write to {shown}: a row there contradicts it "
                f"({type(original).__name__}). Read the case again, then repeat."
            )
        if isinstance(context.sqlalchemy_exception, DataError) or isinstance(original, OF_VALUES):
            return BadValue(
                f"Tried to write to {shown}: it cannot hold a value ({type(original).__name__}). "
                "Numbers must be finite and within range, and text free of NUL and whole."
            )
        return StoreError(f"Tried to use the database {shown}: {meaning(original)}")


def meaning(error: BaseException) -> str:
    """The sentence for a driver's exception."""
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return POSTGRESQL.get(state, f"the server refused with SQLSTATE {state}.")
    words = str(error).lower()
    if type(error).__module__.startswith("psycopg"):
        lost = "the server does not answer. Check that it runs, and host and port of the URL."
        return next((way for part, way in CONNECT.items() if part in words), lost)
    unknown = f"the driver refused with {type(error).__name__}."
    return next((way for part, way in SQLITE.items() if part in words), unknown)
