"""users: who has an account, in which roles. Every act asks whether whoever calls may do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from secondlook.accounts.actor import ANY, Actor, Permission, Role
from secondlook.accounts.require import require
from secondlook.errors import PluginError
from secondlook.store.users import User
from secondlook_workflows.accounts import passphrase
from secondlook_workflows.context import Context


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody as `users list` shows them."""

    name: str
    roles: Mapping[str, Role]
    state: str
    """enabled, disabled, one-time passphrase, or cannot sign in."""
    sessions: int
    custodian: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Added:
    """A new account and the passphrase that opens it once."""

    name: str
    passphrase: str


def everybody(by: Actor, context: Context) -> tuple[Person, ...]:
    """All people by name. NotAllowed."""
    with context.workspace.database.read() as unit:
        require(unit, by, Permission.USERS)
        open_now = unit.sessions.count()
        return tuple(_person(x, open_now.get(x.name, 0)) for x in unit.users.all())


def add(name: str, role: Role, by: Actor, context: Context, *, domain: str = ANY) -> Added:
    """Make an account with a role. Conflict, NotAllowed, PluginError for no such domain."""
    _known(domain, context)
    with context.workspace.database.write() as unit:
        require(unit, by, Permission.USERS)
        unit.users.add(name, by=by.name)
        unit.users.grant(name, role, domain=domain, by=by.name)
        unit.commit()
    return give_passphrase(name, by, context)


def give_passphrase(name: str, by: Actor, context: Context) -> Added:
    """Give somebody, or a name that has only decided so far, a one-time passphrase. NotFound."""
    return Added(name=name, passphrase=passphrase.give(name, by, context))


def set_role(
    name: str, role: Role | None, by: Actor, context: Context, *, domain: str = ANY
) -> None:
    """Give somebody a role in a domain, or take it away. Conflict for the last owner."""
    _known(domain, context)
    with context.workspace.database.write() as unit:
        require(unit, by, Permission.USERS)
        if role is None:
            unit.users.revoke(name, domain=domain, by=by.name)
        else:
            unit.users.grant(name, role, domain=domain, by=by.name)
        unit.commit()


def disable(name: str, by: Actor, context: Context) -> None:
    """Let somebody in no more, at once. Conflict for the last owner."""
    with context.workspace.database.write() as unit:
        require(unit, by, Permission.USERS)
        unit.users.disable(name, by=by.name)
        unit.commit()


def enable(name: str, by: Actor, context: Context) -> None:
    """Let somebody in again."""
    with context.workspace.database.write() as unit:
        require(unit, by, Permission.USERS)
        unit.users.enable(name, by=by.name)
        unit.commit()


def sign_out(name: str, by: Actor, context: Context) -> int:
    """Sign somebody out everywhere; how many sessions ended. Oneself, or as an owner."""
    with context.workspace.database.write() as unit:
        if by.name != name or by.session is None:
            require(unit, by, Permission.USERS)
        unit.users.get(name)
        ended = unit.sessions.end_all(name, by=by.name)
        unit.commit()
    return ended


def identify(name: str, issuer: str, subject: str, by: Actor, context: Context) -> None:
    """Let an identity of a provider stand for somebody."""
    with context.workspace.database.write() as unit:
        require(unit, by, Permission.USERS)
        unit.users.lock(name)
        unit.sign_ins.identify(name, issuer, subject, by=by.name)
        unit.commit()


def _known(domain: str, context: Context) -> None:
    if domain != ANY and domain not in context.plugins.domains:
        known = ", ".join(context.plugins.domains)
        raise PluginError(f"there is no domain {domain!r}; there is: {known}")


def _person(user: User, sessions: int) -> Person:
    return Person(
        name=user.name,
        roles=user.grants,
        state=_state(user),
        sessions=sessions,
        custodian=user.custodian,
        created_at=user.created_at,
    )


def _state(user: User) -> str:
    if user.disabled_at is not None:
        return "disabled"
    if user.one_time_until is not None:
        return "one-time passphrase"
    return "enabled" if user.passphrase or user.identities else "cannot sign in"
