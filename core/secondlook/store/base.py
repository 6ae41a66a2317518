"""What all tables share: naming of constraints, column types, text that both databases can hold."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    Enum,
    Index,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from secondlook.accounts import actor
from secondlook.cases import CaseStatus, Role
from secondlook.decisions import Act, How
from secondlook.errors import BadValue
from secondlook.reviewing import Deed, Stage

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Sha256 = Annotated[str, mapped_column(String(64))]
"""A lowercase hex digest, or another identifier of at most 64 ASCII characters."""


class AdapterState(StrEnum):
    """Whether an adapter is the one in use, waits to be promoted, or was replaced."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    RETIRED = "retired"


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware moment, stored as UTC. A naive one is refused: it names no moment."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC for the driver; SQLite's text form has no place for an offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise BadValue(f"Tried to store the time {value}: it has no timezone. Use UTC.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC, whatever the driver gave."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def by_value(words: type[StrEnum]) -> Enum:
    """A column type that stores an enum's values; `one_of` states the same as a CHECK."""
    return Enum(
        words,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda kind: [word.value for word in kind],
    )


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """A named CHECK that `column` holds one of the values of `words`."""
    values = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({values})", name=column)


def partial(name: str, where: str, *columns: str) -> Index:
    """An index of some rows alone; a query must say `where` in these very words to use it."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Base(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        CaseStatus: by_value(CaseStatus),
        Role: by_value(Role),
        actor.Role: by_value(actor.Role),
        Act: by_value(Act),
        How: by_value(How),
        Stage: by_value(Stage),
        Deed: by_value(Deed),
        AdapterState: by_value(AdapterState),
    }


def table_of(row: type[Base]) -> Table:
    """The table itself: statements on it cost half of those that name the class of its rows."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


def storable(text: str, what: str) -> str:
    """`text`, if both databases can hold it; BadValue names `what`, never its content."""
    nul = text.find("\x00")
    if nul >= 0:
        raise BadValue(f"Tried to store {what}: character {nul} is NUL. Remove it first.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadValue(
            f"Tried to store {what}: character {error.start} is half of a surrogate pair. "
            "Decode the source with errors='replace'."
        ) from None
    return text
