"""Sessions: in which browsers somebody is signed in, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, select, update
from sqlalchemy.orm import Session

from secondlook.accounts import tokens
from secondlook.accounts.actor import Actor, Role
from secondlook.store import clock
from secondlook.store.account_audit import AccountAudit
from secondlook.store.account_tables import GrantRow, How, SessionRow, UserRow

GRAIN = timedelta(seconds=20)
"""An act that would move the end by less is not written down."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A session that stands.

    Attributes:
        actor: who, in which roles; without any while the passphrase must be changed.
        must_change: whether the passphrase is a one-time one.
        idle_at: when it ends unless something is done.
        until: when it ends in any case.
    """

    actor: Actor
    must_change: bool
    since: datetime
    idle_at: datetime
    until: datetime


class Sessions:
    """The sessions of the workspace, by the digests of their tokens.

    In a unit that `writes`, what was found holds until the end of the transaction.
    """

    def __init__(self, session: Session, audit: AccountAudit, *, writes: bool) -> None:
        self._session = session
        self._audit = audit
        self._writes = writes

    def begin(self, user: str, how: How, *, idle: timedelta, absolute: timedelta) -> str:
        """Sign somebody in; the new token, which is nowhere stored. Sweeps what is long over."""
        token, now = tokens.new(), clock.now()
        self._session.execute(delete(SessionRow).where(SessionRow.until <= now))
        row = SessionRow(
            digest=tokens.digest(token),
            user=user,
            how=how,
            since=now,
            idle_at=min(now + idle, now + absolute),
            until=now + absolute,
        )
        self._session.add(row)
        self._session.flush()
        self._audit.tell("user.signed-in", user, how=how)
        return token

    def find(self, digest: str) -> SignedIn | None:
        """Whoever is signed in by this session; None where it is over, or they are disabled."""
        row = self._row(digest)
        now = clock.now()
        if row is None or row.disabled_at is not None or min(row.idle_at, row.until) <= now:
            return None
        must_change = row.one_time_until is not None and row.how == How.PASSPHRASE
        grants = {} if must_change else self._grants(row.user)
        actor = Actor(row.user, grants, digest, custodian=row.custodian_at is not None)
        return SignedIn(
            actor=actor,
            must_change=must_change,
            since=row.since,
            idle_at=row.idle_at,
            until=row.until,
        )

    def drafting(self, digest: str) -> Actor | None:
        """Whose drafts may still be kept: a session that was only left idle keeps what was typed."""
        row = self._row(digest)
        if row is None or row.disabled_at is not None or row.until <= clock.now():
            return None
        return Actor(row.user, self._grants(row.user), digest)

    def touch(self, digest: str, idle: timedelta) -> None:
        """Somebody did something: the session goes on for `idle` from now, up to its end."""
        now = clock.now()
        row = SessionRow
        stands = (row.digest == digest) & (row.idle_at > now) & (row.until > now)
        self._session.execute(update(row).where(stands).values(idle_at=now + idle))

    def end(self, digest: str) -> None:
        """Sign out; nothing happens where nobody is signed in."""
        gone = delete(SessionRow).where(SessionRow.digest == digest).returning(SessionRow.user)
        user = self._session.scalar(gone)
        if user is not None:
            self._audit.tell("user.signed-out", user)

    def end_all(self, user: str, *, by: str, but: str | None = None) -> int:
        """Sign somebody out everywhere, `but` in this session; how many ended."""
        of = (SessionRow.user == user) & (SessionRow.digest != (but or ""))
        ended = len(
            self._session.scalars(delete(SessionRow).where(of).returning(SessionRow.since)).all()
        )
        if ended:
            self._audit.tell("user.signed-out", by, user=user, sessions=ended)
        return ended

    def count(self) -> Mapping[str, int]:
        """How many sessions of each person stand."""
        now = clock.now()
        query = select(SessionRow.user).where(SessionRow.idle_at > now, SessionRow.until > now)
        names = self._session.scalars(query).all()
        return {name: names.count(name) for name in names}

    def _row(self, digest: str) -> "Row[*tuple[object, ...]] | None":
        columns = (
            SessionRow.user,
            SessionRow.how,
            SessionRow.since,
            SessionRow.idle_at,
            SessionRow.until,
            UserRow.disabled_at,
            UserRow.one_time_until,
            UserRow.custodian_at,
        )
        query = select(*columns).join(UserRow, UserRow.name == SessionRow.user)
        query = query.where(SessionRow.digest == digest)
        if self._writes:
            query = query.with_for_update(read=True, key_share=True)
        return self._session.execute(query).one_or_none()

    def _grants(self, user: str) -> Mapping[str, Role]:
        rows = self._session.execute(
            select(GrantRow.domain, GrantRow.role).where(GrantRow.user == user)
        )
        return {domain: role for domain, role in rows}
