"""The question before every write: is this person still signed in, and may they do this?"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from secondlook.accounts.actor import ANY, Actor, Permission
from secondlook.errors import NotAllowed, SignedOut

if TYPE_CHECKING:
    from secondlook.store.unit_of_work import UnitOfWork

Check: TypeAlias = "Callable[[UnitOfWork], None]"
"""Asked at the beginning of a transaction; raises what refuses it."""


def present(unit: "UnitOfWork", actor: Actor) -> Actor:
    """The same person with the roles that they have now. Raises SignedOut."""
    if actor.session is None:
        return actor
    found = unit.sessions.find(actor.session)
    if found is None:
        raise SignedOut("You are signed out. Drafts are kept; sign in again to go on.")
    return found.actor


def require(unit: "UnitOfWork", actor: Actor, permission: Permission, domain: str = ANY) -> Actor:
    """Read session and roles again in the caller's transaction; what was read holds to its end.

    Raises SignedOut where the session is over, NotAllowed where the role is not enough.
    """
    now = present(unit, actor)
    if not now.may(permission, domain):
        raise refusal(now, permission, domain)
    return now


def refusal(actor: Actor, permission: Permission, domain: str = ANY) -> NotAllowed:
    """What is said to somebody whose role is not enough."""
    where = "" if domain == ANY else f" in {domain}"
    role = actor.role(domain)
    held = f"with the role {role}" if role else "without a role"
    return NotAllowed(
        f"{actor.name} may not {permission}{where} {held}. An owner gives roles: "
        "`secondlook users role`.",
        permission=permission,
        domain=domain,
    )
