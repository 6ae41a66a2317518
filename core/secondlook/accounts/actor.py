"""Who acts, in which roles, and what each role may do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

ANY = "*"
"""In place of a domain: all of them, and what belongs to none."""


class Role(StrEnum):
    """What somebody is in a domain; each may do all that the next one may."""

    OWNER = "owner"
    LEAD = "lead"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


class Permission(StrEnum):
    """One thing that takes a role."""

    SEE = "see cases"
    DECIDE = "decide cases"
    SECOND_READ = "give a second reading"
    ESCALATE = "escalate cases"
    HAND_OVER = "hand cases over"
    PRIORITISE = "move cases to another band"
    ADJUDICATE = "settle two readings"
    BULK = "act on many cases at once"
    SHARE = "share saved filters"
    UNDO_OTHERS = "change decisions of others"
    LEARN = "start learning"
    PROMOTE = "promote adapters"
    AUDIT = "read the audit trail"
    SETTINGS = "change settings"
    USERS = "change users"
    REVEAL = "ask whose a case is"


_VIEWER = frozenset({Permission.SEE})
_REVIEWER = _VIEWER | {
    Permission.DECIDE,
    Permission.SECOND_READ,
    Permission.ESCALATE,
    Permission.HAND_OVER,
    Permission.PRIORITISE,
}
_LEAD = _REVIEWER | {
    Permission.ADJUDICATE,
    Permission.BULK,
    Permission.SHARE,
    Permission.UNDO_OTHERS,
    Permission.LEARN,
    Permission.PROMOTE,
    Permission.AUDIT,
}
_OWNER = _LEAD | {Permission.SETTINGS, Permission.USERS}
MAY: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.REVIEWER: _REVIEWER,
    Role.LEAD: _LEAD,
    Role.OWNER: _OWNER,
}
"""Role to permissions. No role is enough for REVEAL: an owner is no custodian of patients."""


@dataclass(frozen=True)
class Actor:
    """Somebody who acts. What they may is read again in the transaction of every write.

    Attributes:
        name: as decisions and the audit trail call them.
        grants: the role by domain; `ANY` holds in all of them.
        session: which session they came by, as it is stored; None at the terminal.
        custodian: whether they may ask whose a case is.
    """

    name: str
    grants: Mapping[str, Role]
    session: str | None = None
    custodian: bool = False

    def role(self, domain: str = ANY) -> Role | None:
        """The highest of the domain's own role and the one for all; None without either."""
        held = {self.grants.get(domain), self.grants.get(ANY)}
        return next((role for role in Role if role in held), None)

    def may(self, permission: Permission, domain: str = ANY) -> bool:
        """Whether the role in a domain is enough; for `ANY`, the role that holds in all."""
        if permission is Permission.REVEAL:
            return self.custodian and self.role(domain) is not None
        role = self.role(domain)
        return role is not None and permission in MAY[role]

    def may_anywhere(self, permission: Permission) -> bool:
        """Whether there is a domain in which the role is enough."""
        return any(self.may(permission, domain) for domain in self.grants)

    def seen(self, domains: Iterable[str]) -> tuple[str, ...]:
        """Those of the domains whose cases this person may see."""
        return tuple(x for x in domains if self.may(Permission.SEE, x))


def local(name: str) -> Actor:
    """Whoever calls a command: who can read the workspace's files is its owner already."""
    return Actor(name, {ANY: Role.OWNER})
