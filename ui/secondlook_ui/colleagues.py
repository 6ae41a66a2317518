"""Who else may take a case."""

from secondlook.accounts.actor import Permission
from secondlook_ui import session


def may_take(domain: str, *, lead: bool) -> list[str]:
    """Names of those who may decide cases of a domain; for a lead's case, who may settle it."""
    needed = Permission.ADJUDICATE if lead else Permission.DECIDE
    with session.workspace().database.read() as unit:
        people = unit.users.all()
    able = [x.name for x in people if x.acts_as().may(needed, domain)]
    return [x for x in able if x != session.reviewer()]
