"""Signing in: passphrases, identities, links that are good once, and who must wait."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session

from secondlook.accounts import throttle, tokens
from secondlook.errors import Conflict
from secondlook.store import clock
from secondlook.store.account_audit import AccountAudit
from secondlook.store.account_tables import IdentityRow, OneTimeRow, SignInTryRow, UserRow
from secondlook.store.base import storable
from secondlook.store.dialects import insert_or_ignore, upsert


class SignIns:
    """The ways in."""

    def __init__(self, session: Session, audit: AccountAudit, key: bytes) -> None:
        self._session = session
        self._audit = audit
        self._key = key

    def passphrase(self, user: str) -> str | None:
        """The hash of somebody's passphrase; None without one."""
        return self._session.scalar(select(UserRow.passphrase).where(UserRow.name == user))

    def keep_passphrase(
        self, user: str, hashed: str, *, by: str, one_time_until: datetime | None = None
    ) -> None:
        """Replace somebody's passphrase."""
        values = {"passphrase": hashed, "one_time_until": one_time_until}
        self._session.execute(update(UserRow).where(UserRow.name == user).values(**values))
        self._audit.tell("user.passphrase", by, user=user, one_time=one_time_until is not None)

    def rehash(self, user: str, before: str, hashed: str) -> None:
        """The same passphrase under other parameters, unless it was changed meanwhile."""
        same = (UserRow.name == user) & (UserRow.passphrase == before)
        self._session.execute(update(UserRow).where(same).values(passphrase=hashed))

    def wait(self, name: str) -> timedelta | None:
        """Count a try at a name, before it is looked at; or how long to wait, and nothing counts.

        Tries at the same moment are counted one after the other, so none of them is free.
        """
        for bucket in (throttle.bucket(name, self._key), throttle.ALL):
            waiting = self._count(bucket)
            if waiting is not None:
                return waiting
        return None

    def forgive(self, name: str) -> None:
        """The passphrase was right: what was counted for this name is forgotten."""
        bucket = throttle.bucket(name, self._key)
        self._session.execute(delete(SignInTryRow).where(SignInTryRow.bucket == bucket))

    def tell_failure(self, user: str | None, why: str) -> None:
        """Somebody failed to sign in as a person who has an account.

        Of others nothing is kept; something is written all the same, so that it takes as long.
        """
        if user is not None:
            self._audit.tell("user.refused", user, why=why)
            return
        row = SignInTryRow
        same = update(row).where(row.bucket == throttle.ALL).values(failures=row.failures)
        self._session.execute(same)

    def link(self, purpose: str, *, lasting: timedelta, user: str | None = None) -> str:
        """A token that is good once; earlier ones for the same are good no more."""
        same = (OneTimeRow.purpose == purpose) & (
            OneTimeRow.user.is_(None) if user is None else OneTimeRow.user == user
        )
        self._session.execute(delete(OneTimeRow).where(same))
        token, until = tokens.new(), clock.now() + lasting
        row = OneTimeRow(digest=tokens.digest(token), purpose=purpose, user=user, until=until)
        self._session.add(row)
        self._session.flush()
        self._audit.tell("link.made", "secondlook", purpose=purpose, user=user)
        return token

    def opens(self, purpose: str, token: str) -> bool:
        """Whether a token is good still; it stays so."""
        return (
            self._session.scalar(select(OneTimeRow.digest).where(_good(purpose, token))) is not None
        )

    def use(self, purpose: str, token: str) -> tuple[bool, str | None]:
        """Whether a token was good, and whose it was; from now on it is not."""
        gone = delete(OneTimeRow).where(_good(purpose, token)).returning(OneTimeRow.user)
        row = self._session.execute(gone).one_or_none()
        return row is not None, row[0] if row is not None else None

    def spend(self, purpose: str, token: str, *, lasting: timedelta) -> bool:
        """Note a token that others made as used; False where it was noted before."""
        now = clock.now()
        old = (OneTimeRow.purpose == purpose) & (OneTimeRow.until <= now)
        self._session.execute(delete(OneTimeRow).where(old))
        row = {"digest": tokens.digest(token), "purpose": purpose, "until": now + lasting}
        insert = insert_or_ignore(self._session, OneTimeRow).values(row)
        return self._session.scalar(insert.returning(OneTimeRow.digest)) is not None

    def known(self, issuer: str, subject: str) -> str | None:
        """Whom an identity provider means; None for somebody it was never said of."""
        of = (IdentityRow.issuer == issuer) & (IdentityRow.subject == subject)
        return self._session.scalar(select(IdentityRow.user).where(of))

    def identify(self, user: str, issuer: str, subject: str, *, by: str) -> None:
        """Let an identity stand for somebody. Conflict where it stands for another."""
        row = {"issuer": storable(issuer, "an issuer"), "subject": storable(subject, "a subject")}
        insert = insert_or_ignore(self._session, IdentityRow).values(user=user, **row)
        self._session.execute(insert)
        if self.known(issuer, subject) != user:
            raise Conflict("This identity stands for somebody else already.")
        self._audit.tell("user.identity", by, user=user, issuer=issuer)

    def _count(self, bucket: int) -> timedelta | None:
        now, row = clock.now(), SignInTryRow
        this = select(row.failures, row.last_at).where(row.bucket == bucket)
        first = insert_or_ignore(self._session, row).values(bucket=bucket, failures=0, last_at=now)
        self._session.execute(first)
        failures, last = self._session.execute(this.with_for_update()).one()
        whole = bucket == throttle.ALL
        if now - last > (throttle.WINDOW if whole else throttle.FORGOTTEN):
            failures, last = 0, now
        ready = _ready(failures, last, whole=whole)
        if ready > now:
            return ready - now
        # The window of all together begins with its first try, a pause with the last one.
        begun = last if whole and failures else now
        counted = {"bucket": bucket, "failures": failures + 1, "last_at": begun}
        statement = upsert(self._session, row).values(counted)
        self._session.execute(
            statement.on_conflict_do_update(index_elements=[row.bucket], set_=counted)
        )
        return None


def _ready(failures: int, last: datetime, *, whole: bool) -> datetime:
    if whole:
        return last + throttle.WINDOW if failures >= throttle.MOST else last
    return last + throttle.pause(failures)


def _good(purpose: str, token: str) -> ColumnElement[bool]:
    row = OneTimeRow
    this = and_(row.digest == tokens.digest(token), row.purpose == purpose)
    return and_(this, row.until > clock.now())
