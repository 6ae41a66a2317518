"""passphrase: chosen by its owner, or given once by an owner of the workspace."""

from datetime import timedelta

from secondlook.accounts import passphrases
from secondlook.accounts.actor import Actor, Permission
from secondlook.accounts.require import require
from secondlook.errors import NotSignedIn, SignedOut, UsageError
from secondlook.store import clock
from secondlook.store.account_tables import How
from secondlook_workflows.accounts import costs, sign_in
from secondlook_workflows.accounts.sign_in import Begun
from secondlook_workflows.context import Context

NOT_YOURS = "The present passphrase is not right."


def change(actor: Actor, present: str, chosen: str, context: Context) -> Begun:
    """Take another passphrase: all sessions end, and a new one begins.

    Raises UsageError for one that is no good, NotSignedIn where the present one is not right.
    """
    name = actor.name
    sign_in.count(name, context)
    with context.workspace.database.read() as unit:
        stored = unit.sign_ins.passphrase(name)
    if not passphrases.matches(stored, present, costs.of(context)):
        with context.workspace.database.write() as unit:
            unit.sign_ins.tell_failure(name, "wrong passphrase")
            unit.commit()
        raise NotSignedIn(NOT_YOURS)
    passphrases.check(chosen, name)
    if chosen == present:
        raise UsageError("The new passphrase must be another one than the present one.")
    hashed = passphrases.hashed(chosen, costs.of(context))
    with context.workspace.database.write() as unit:
        if actor.session is None or unit.sessions.find(actor.session) is None:
            raise SignedOut("You are signed out. Sign in again.")
        if unit.sign_ins.passphrase(name) != stored:
            raise NotSignedIn(NOT_YOURS)
        unit.sign_ins.keep_passphrase(name, hashed, by=name)
        unit.sign_ins.forgive(name)
        unit.sessions.end_all(name, by=name)
        token = unit.sessions.begin(name, How.PASSPHRASE, **costs.lasting(context))
        unit.commit()
    return Begun(token, name)


def give(name: str, by: Actor, context: Context) -> str:
    """A one-time passphrase for somebody, who is signed out everywhere. NotFound; NotAllowed."""
    given = passphrases.one_time()
    hashed = passphrases.hashed(given, costs.of(context))
    until = clock.now() + timedelta(days=context.workspace.settings.accounts.one_time_days)
    with context.workspace.database.write() as unit:
        require(unit, by, Permission.USERS)
        unit.users.lock(name)
        unit.sign_ins.keep_passphrase(name, hashed, by=by.name, one_time_until=until)
        unit.sessions.end_all(name, by=by.name)
        unit.commit()
    return given
