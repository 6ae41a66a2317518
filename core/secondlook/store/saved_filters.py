"""Named views of the worklist: everybody's own, and those that a lead shares."""

import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, true
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, NotFound, StoreError
from secondlook.store import clock
from secondlook.store.base import storable
from secondlook.store.filter_tables import SavedFilterRow

LONGEST_NAME = 60
MOST = 50
"""Of one person: a list that is longer helps nobody."""
ID_BYTES = 6


@dataclass(frozen=True, kw_only=True)
class SavedFilter:
    """One of them. Whoever may decide what is shared is asked before, by the caller."""

    id: str
    owner: str
    name: str
    domain: str | None
    """None for all."""
    choice: str
    search: str
    shared: bool


class SavedFilters:
    """`domains` are those that whoever asks may see; None for all. No other filter is found."""

    def __init__(self, session: Session, domains: frozenset[str] | None) -> None:
        self._session = session
        self._seen = true() if domains is None else SavedFilterRow.domain.in_(domains)

    def save(
        self,
        owner: str,
        name: str,
        *,
        choice: str,
        domain: str | None = None,
        search: str = "",
        shared: bool = False,
    ) -> SavedFilter:
        """Keep a view. StoreError for a name that is none, Conflict where it is taken."""
        title = _title(name)
        mine = self._session.scalars(
            select(SavedFilterRow.name).where(SavedFilterRow.owner == owner)
        ).all()
        if title in mine:
            raise Conflict(f"You have a filter {title!r} already. Choose another name.")
        if len(mine) >= MOST:
            raise Conflict(f"You have {MOST} filters, the most there can be. Remove one first.")
        made = SavedFilter(
            id=secrets.token_urlsafe(ID_BYTES),
            owner=owner,
            name=title,
            domain=domain,
            choice=choice,
            search=storable(search, "a search"),
            shared=shared,
        )
        row = {**vars(made), "created_at": clock.now()}
        self._session.execute(insert(SavedFilterRow).values(row))
        return made

    def of(self, reader: str) -> tuple[SavedFilter, ...]:
        """What somebody may choose from: their own first, then what is shared, by name."""
        row = SavedFilterRow
        order = (row.owner != reader, func.lower(row.name), row.id)
        found = self._session.scalars(select(row).where(self._open_to(reader)).order_by(*order))
        return tuple(_filter(x) for x in found)

    def find(self, id: str, reader: str) -> SavedFilter:
        """The one that an address names. NotFound, also where it is not for the reader."""
        row = SavedFilterRow
        found = self._session.scalar(select(row).where(row.id == id, self._open_to(reader)))
        if found is None:
            raise NotFound("There is no such saved filter, or it is not shared with you.")
        return _filter(found)

    def drop(self, id: str) -> None:
        """Remove one. Whether somebody may, the caller asks, in this unit: `find` says whose."""
        self._session.execute(delete(SavedFilterRow).where(SavedFilterRow.id == id))

    def _open_to(self, reader: str) -> ColumnElement[bool]:
        theirs = or_(SavedFilterRow.owner == reader, SavedFilterRow.shared)
        return theirs & self._seen


def _title(name: str) -> str:
    title = " ".join(name.split())
    if not title or len(title) > LONGEST_NAME or not title.isprintable():
        raise StoreError(f"A filter needs a name of 1 to {LONGEST_NAME} printable characters.")
    return title


def _filter(row: SavedFilterRow) -> SavedFilter:
    names = SavedFilter.__dataclass_fields__
    return SavedFilter(**{name: getattr(row, name) for name in names})
