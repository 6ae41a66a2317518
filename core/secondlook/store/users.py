"""Users: who may review, and in which role."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from secondlook.errors import NotFound, StoreError
from secondlook.store import clock
from secondlook.store.base import storable
from secondlook.store.dialects import insert_or_ignore
from secondlook.store.review_tables import UserRow


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who may review."""

    name: str
    role: str
    created_at: datetime


class Users:
    """The users of the workspace."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ensure(self, name: str, role: str = "reviewer") -> User:
        """The user of this name, added in `role` if there is none; else the role stays."""
        if not name.strip():
            raise StoreError("Tried to add a user without a name. Give one.")
        row = {"name": storable(name, "a user's name"), "role": role, "created_at": clock.now()}
        self._session.execute(insert_or_ignore(self._session, UserRow).values(row))
        return _user(self._session.scalars(select(UserRow).where(UserRow.name == name)).one())

    def role(self, name: str) -> str | None:
        """The role of a user; None for somebody unknown."""
        return self._session.scalar(select(UserRow.role).where(UserRow.name == name))

    def set_role(self, name: str, role: str) -> None:
        """Give a user another role. Audit it in the same transaction. NotFound."""
        changed = update(UserRow).where(UserRow.name == name).values(role=role)
        if self._session.scalar(changed.returning(UserRow.name)) is None:
            raise NotFound(f"There is no user {name!r}.")

    def all(self) -> tuple[User, ...]:
        """All users by name."""
        rows = self._session.scalars(select(UserRow).order_by(UserRow.name))
        return tuple(_user(row) for row in rows)


def _user(row: UserRow) -> User:
    return User(name=row.name, role=row.role, created_at=row.created_at)
