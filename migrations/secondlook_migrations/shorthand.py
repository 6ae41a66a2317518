"""Short forms of columns and named constraints, for migrations.

Add to it, and change nothing in it: old migrations must go on doing what they did.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

SHA256 = sa.String(length=64)
WORD = sa.String(length=16)
TEXT = sa.Text()
INTEGER = sa.Integer()
BIG = sa.BigInteger()
NUMBER = sa.Float(precision=53)
JSON = sa.JSON()
MOMENT = sa.DateTime(timezone=True)

Kind = sa.types.TypeEngine[Any]


def needed(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns of one type that hold a value in every row."""
    return [sa.Column(name, kind, nullable=False, autoincrement=False) for name in names]


def optional(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns of one type that may be NULL."""
    return [sa.Column(name, kind, nullable=True) for name in names]


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """A named primary key."""
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """A named unique key."""
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """A named reference to `table.column`; it restricts, so that no row goes with another."""
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name)


def one_of(table: str, column: str, *words: str) -> sa.CheckConstraint:
    """A named CHECK that a column holds one of some words."""
    values = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({values})", name=op.f(f"ck_{table}_{column}"))


def index(name: str, table: str, *columns: str) -> None:
    """Create an index."""
    op.create_index(name, table, list(columns))
