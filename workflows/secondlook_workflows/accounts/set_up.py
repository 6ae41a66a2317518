"""set up: the first owner comes in by a link that the terminal shows, and chooses a passphrase."""

from datetime import timedelta

from secondlook.accounts import passphrases
from secondlook.accounts.actor import ANY, Role
from secondlook.errors import NotSignedIn
from secondlook.store.account_tables import How
from secondlook_workflows.accounts import costs
from secondlook_workflows.accounts.sign_in import LINK_OVER, SIGN_IN, Begun
from secondlook_workflows.context import Context

SET_UP = "set-up"
"""What the link of the first owner is for."""
LASTING = timedelta(hours=1)


def wanted(context: Context) -> bool:
    """Whether there is no owner yet who can sign in."""
    with context.workspace.database.read() as unit:
        return not unit.users.owners()


def link(context: Context) -> str:
    """A token for the page that makes the owner; earlier ones are good no more."""
    with context.workspace.database.write() as unit:
        token = unit.sign_ins.link(SET_UP, lasting=LASTING)
        unit.commit()
    return token


def link_for(name: str, context: Context) -> str:
    """A token that signs one person in, once; an account without a passphrase is made for them.

    For the person of the demo: they are a lead, so that everything can be seen but other people.
    """
    with context.workspace.database.write() as unit:
        unit.users.ensure(name)
        if not unit.users.get(name).grants:
            unit.users.grant(name, Role.LEAD, by="secondlook")
        token = unit.sign_ins.link(SIGN_IN, lasting=LASTING, user=name)
        unit.commit()
    return token


def is_good(token: str, context: Context, purpose: str = SET_UP) -> bool:
    """Whether a link is still good; looking does not use it."""
    with context.workspace.database.read() as unit:
        return unit.sign_ins.opens(purpose, token)


def run(token: str, name: str, passphrase: str, context: Context) -> Begun:
    """Make the owner and sign them in. UsageError, Conflict; NotSignedIn for a link that is over.

    Whoever has decided here before, and has no passphrase yet, may be the owner under that name.
    """
    if not is_good(token, context):  # before anything that costs: strangers may ask
        raise NotSignedIn(LINK_OVER)
    passphrases.check(passphrase, name)
    hashed = passphrases.hashed(passphrase, costs.of(context))
    with context.workspace.database.write() as unit:
        good, _ = unit.sign_ins.use(SET_UP, token)
        if not good or unit.users.owners():
            raise NotSignedIn(LINK_OVER)
        known = unit.users.called(name)
        if known is None or known.passphrase:
            unit.users.add(name, by="secondlook")
        else:
            name = known.name
        unit.users.grant(name, Role.OWNER, domain=ANY, by="secondlook")
        unit.sign_ins.keep_passphrase(name, hashed, by=name)
        begun = unit.sessions.begin(name, How.LINK, **costs.lasting(context))
        unit.commit()
    return Begun(begun, name)
