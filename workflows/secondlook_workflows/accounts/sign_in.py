"""sign in: a name and a passphrase, or a link that is good once, for a new session.

A passphrase is looked at outside of any transaction: it takes a tenth of a second, and nobody
else should wait for that. The try is counted before.
"""

from dataclasses import dataclass
from math import ceil

from secondlook.accounts import passphrases
from secondlook.errors import NotSignedIn
from secondlook.store import clock
from secondlook.store.account_tables import How
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.users import User
from secondlook_workflows.accounts import costs
from secondlook_workflows.context import Context

WRONG = "The name or the passphrase is not right."
LINK_OVER = (
    "This link was used already, or its time is over. The terminal shows a new one when the "
    "program is started again."
)
EXPIRED = "The time of this one-time passphrase is over. Ask an owner for a new one."
SIGN_IN = "sign-in"
"""What links are for that sign somebody in."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class Begun:
    """A new session: `token` goes into a cookie and nowhere else."""

    token: str
    user: str
    must_change: bool = False


def with_passphrase(name: str, passphrase: str, context: Context) -> Begun:
    """Sign in. NotSignedIn, in the same words and as late for whoever has no account."""
    name = name.strip()[:LONGEST_NAME]
    count(name, context)
    with context.workspace.database.read() as unit:
        user = unit.users.called(name)
        stored = unit.sign_ins.passphrase(user.name) if user else None
    right = passphrases.matches(stored, passphrase, costs.of(context))
    if user is None:
        _tell(None, "", context)
        raise NotSignedIn(WRONG)
    why = _refused(user, right=right)
    if why is not None or stored is None:
        _tell(user.name, why or "no passphrase", context)
        raise NotSignedIn(EXPIRED if why == "one-time passphrase expired" else WRONG)
    renewed = _renewed(stored, passphrase, context)
    with context.workspace.database.write() as unit:
        unit.users.lock(user.name)
        if unit.sign_ins.passphrase(user.name) != stored or unit.users.get(user.name).disabled_at:
            raise NotSignedIn(WRONG)  # changed while this one was looked at
        if renewed is not None:
            unit.sign_ins.rehash(user.name, stored, renewed)
        unit.sign_ins.forgive(name)
        return _begin(unit, user, How.PASSPHRASE, context)


def with_link(token: str, context: Context) -> Begun:
    """Sign in by a link of the terminal. NotSignedIn where it is good no more."""
    with context.workspace.database.write() as unit:
        good, name = unit.sign_ins.use(SIGN_IN, token)
        user = unit.users.get(name) if good and name is not None else None
        if user is None or user.disabled_at is not None:
            raise NotSignedIn(LINK_OVER)
        return _begin(unit, user, How.LINK, context)


def out(digest: str, context: Context) -> None:
    """End one session."""
    with context.workspace.database.write() as unit:
        unit.sessions.end(digest)
        unit.commit()


def _begin(unit: UnitOfWork, user: User, how: How, context: Context) -> Begun:
    token = unit.sessions.begin(user.name, how, **costs.lasting(context))
    unit.commit()
    return Begun(token, user.name, user.one_time_until is not None and how is How.PASSPHRASE)


def count(name: str, context: Context) -> None:
    """Count a try at a name before it is looked at. NotSignedIn while nobody may try it."""
    with context.workspace.database.write() as unit:
        waiting = unit.sign_ins.wait(name)
        unit.commit()
    if waiting is not None:
        seconds = ceil(waiting.total_seconds())
        raise NotSignedIn(f"Too many tries. Wait {_span(seconds)}, then try again.", wait=seconds)


def _refused(user: User, *, right: bool) -> str | None:
    """Why somebody with an account is refused, for the audit trail."""
    if not right:
        return "wrong passphrase"
    if user.disabled_at is not None:
        return "disabled"
    if user.one_time_until is not None and user.one_time_until <= clock.now():
        return "one-time passphrase expired"
    return None


def _tell(user: str | None, why: str, context: Context) -> None:
    with context.workspace.database.write() as unit:
        unit.sign_ins.tell_failure(user, why)
        unit.commit()


def _renewed(stored: str, passphrase: str, context: Context) -> str | None:
    wanted = costs.of(context)
    if not passphrases.outdated(stored, wanted):
        return None
    return passphrases.hashed(passphrase, wanted)


def _span(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{ceil(seconds / 60)} minutes"
