"""People: who has acted here, in which roles, and how they prove who they are.

Whatever changes what somebody may do locks their row first, as `Sessions.find` does in a unit that
writes: nobody loses a role between the question and the act.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from secondlook.accounts.actor import ANY, Actor, Role
from secondlook.errors import Conflict, NotFound, StoreError
from secondlook.store import clock
from secondlook.store.account_audit import AccountAudit
from secondlook.store.account_tables import GrantRow, IdentityRow, SessionRow, UserRow
from secondlook.store.base import storable
from secondlook.store.dialects import insert_or_ignore, upsert

LONGEST_NAME = 80


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who acts, as an owner sees them."""

    name: str
    created_at: datetime
    grants: Mapping[str, Role]
    passphrase: bool
    """Whether there is one; it is never shown."""
    one_time_until: datetime | None
    """Until when a one-time passphrase may be used; None where it is their own."""
    disabled_at: datetime | None
    custodian: bool
    identities: int
    """How many identity providers know them."""

    def acts_as(self) -> Actor:
        """What they may do; nothing while they are disabled."""
        return Actor(self.name, {} if self.disabled_at else self.grants, custodian=self.custodian)


class Users:
    """The people of the workspace. `by` is who changes something, for the audit trail."""

    def __init__(self, session: Session, audit: AccountAudit) -> None:
        self._session = session
        self._audit = audit

    def ensure(self, name: str) -> None:
        """Keep the name of somebody who acts; a new one has no role and cannot sign in."""
        if not name.strip():
            raise StoreError("Tried to add a user without a name. Give one.")
        row = {"name": storable(name, "a user's name"), "created_at": clock.now()}
        self._session.execute(insert_or_ignore(self._session, UserRow).values(row))

    def add(self, name: str, *, by: str) -> None:
        """A new account without a role. Conflict where the name, however it is written, is taken."""
        if name != name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise StoreError(
                f"Tried to add a user: a name is printable, has no spaces around it and at most "
                f"{LONGEST_NAME} characters. Give a shorter or a plainer one."
            )
        taken = self.called(name)
        if taken is not None:
            raise Conflict(f"There is a user {taken.name!r} already. Choose another name.")
        self.ensure(name)
        self._audit.tell("user.added", by, user=name)

    def get(self, name: str) -> User:
        """One person. NotFound."""
        found = self.all(name)
        if not found:
            raise NotFound(f"There is no user {name!r}; see `secondlook users list`.")
        return found[0]

    def called(self, typed: str) -> User | None:
        """Whom somebody means who types a name; small and capital letters are the same."""
        names = self._session.scalars(select(UserRow.name)).all()
        alike = [x for x in names if _key(x) == _key(typed)]
        exact = [x for x in alike if x == typed] or alike
        return self.get(exact[0]) if len(exact) == 1 else None

    def all(self, name: str | None = None) -> tuple[User, ...]:
        """Everybody by name, or the one of this name."""
        query = select(UserRow).order_by(UserRow.name)
        rows = self._session.scalars(query if name is None else query.where(UserRow.name == name))
        grants = self._grants(name)
        known = select(IdentityRow.user)
        identities = self._session.scalars(known).all()
        return tuple(
            _user(row, grants.get(row.name, {}), identities.count(row.name)) for row in rows
        )

    def grant(self, name: str, role: Role, *, domain: str = ANY, by: str) -> None:
        """Give somebody a role in a domain, in place of the one there. NotFound; Conflict."""
        self.lock(name)
        before = self.get(name).grants.get(domain)
        row = {"user": name, "domain": storable(domain, "a domain"), "role": role}
        statement = upsert(self._session, GrantRow).values(row)
        this = [GrantRow.user, GrantRow.domain]
        self._session.execute(
            statement.on_conflict_do_update(index_elements=this, set_={"role": role})
        )
        if role is not Role.OWNER:
            self._keep_an_owner(name, before, domain)
        self._audit.tell("user.role", by, user=name, domain=domain, role=role, before=before)

    def revoke(self, name: str, *, domain: str = ANY, by: str) -> None:
        """Take the role in a domain away. NotFound; Conflict for the last owner."""
        self.lock(name)
        before = self.get(name).grants.get(domain)
        if before is None:
            raise NotFound(f"{name} has no role of their own in {domain!r}.")
        of = (GrantRow.user == name) & (GrantRow.domain == domain)
        self._session.execute(delete(GrantRow).where(of))
        self._keep_an_owner(name, before, domain)
        self._audit.tell("user.role", by, user=name, domain=domain, role=None, before=before)

    def disable(self, name: str, *, by: str) -> None:
        """Let somebody in no more, and end their sessions. NotFound; Conflict for the last owner."""
        self._change(name, disabled_at=clock.now())
        self._keep_an_owner(name, self.get(name).grants.get(ANY), ANY)
        self._session.execute(delete(SessionRow).where(SessionRow.user == name))
        self._audit.tell("user.disabled", by, user=name)

    def enable(self, name: str, *, by: str) -> None:
        """Let somebody in again. NotFound."""
        self._change(name, disabled_at=None)
        self._audit.tell("user.enabled", by, user=name)

    def make_custodian(self, name: str) -> None:
        """Let somebody ask whose a case is. Audit it in the same transaction. NotFound."""
        self._change(name, custodian_at=clock.now())

    def custodian(self, name: str) -> bool:
        """Whether somebody may ask whose a case is."""
        query = select(UserRow.custodian_at).where(UserRow.name == name)
        return self._session.scalar(query) is not None

    def owners(self) -> tuple[str, ...]:
        """Those who own the workspace and can come in: enabled, with a way to sign in."""
        return tuple(x.name for x in self.all() if _owns(x))

    def lock(self, name: str) -> None:
        """Wait for whoever changes this person, or acts as them, at the same time. NotFound."""
        query = select(UserRow.name).where(UserRow.name == name).with_for_update()
        if self._session.scalar(query) is None:
            raise NotFound(f"There is no user {name!r}; see `secondlook users list`.")

    def _change(self, name: str, **values: datetime | None) -> None:
        self.lock(name)
        self._session.execute(update(UserRow).where(UserRow.name == name).values(**values))

    def _keep_an_owner(self, name: str, before: Role | None, domain: str) -> None:
        """Two owners who remove each other at once both wait here, and one of them is refused."""
        if before is not Role.OWNER or domain != ANY:
            return
        owned = select(GrantRow.user).where(GrantRow.domain == ANY, GrantRow.role == Role.OWNER)
        held = select(UserRow.name).where(UserRow.name.in_(owned)).order_by(UserRow.name)
        self._session.scalars(held.with_for_update()).all()
        if not self.owners():
            raise Conflict(
                f"{name} is the last owner who can sign in. Make somebody else an owner first: "
                "`secondlook users role NAME owner`."
            )

    def _grants(self, name: str | None) -> dict[str, dict[str, Role]]:
        query = select(GrantRow.user, GrantRow.domain, GrantRow.role).order_by(GrantRow.domain)
        found: dict[str, dict[str, Role]] = {}
        rows = self._session.execute(query if name is None else query.where(GrantRow.user == name))
        for user, domain, role in rows:
            found.setdefault(user, {})[domain] = role
        return found


def _user(row: UserRow, grants: Mapping[str, Role], identities: int) -> User:
    return User(
        name=row.name,
        created_at=row.created_at,
        grants=grants,
        passphrase=row.passphrase is not None,
        one_time_until=row.one_time_until,
        disabled_at=row.disabled_at,
        custodian=row.custodian_at is not None,
        identities=identities,
    )


def _owns(user: User) -> bool:
    can_sign_in = user.passphrase or user.identities > 0
    return user.grants.get(ANY) is Role.OWNER and user.disabled_at is None and can_sign_in


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
