"""The few statements that SQLAlchemy spells differently for each database."""

from typing import TypeAlias

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from secondlook.store.base import Base

Insert: TypeAlias = sqlite.Insert | postgresql.Insert


def is_postgresql(session: Session) -> bool:
    """Whether the session talks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def upsert(session: Session, row: type[Base]) -> Insert:
    """An INSERT that can take an ON CONFLICT clause."""
    if is_postgresql(session):
        return postgresql.insert(row)
    return sqlite.insert(row)


def insert_or_ignore(session: Session, row: type[Base]) -> Insert:
    """An INSERT that leaves an existing row as it is.

    Ask for what was inserted with `.returning(...)`: PostgreSQL's row count says -1.
    """
    return upsert(session, row).on_conflict_do_nothing()
