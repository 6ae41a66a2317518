"""What whoever is signed in may do: every write asks again, in its own transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import streamlit as st

from secondlook.accounts.actor import ANY, Actor, Permission
from secondlook.accounts.require import Check, present, refusal, require
from secondlook.errors import SignedOut
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.workspace import Workspace
from secondlook_ui import who, workplace
from secondlook_workflows.accounts import refused
from secondlook_workflows.context import Context


def context() -> Context:
    """The workspace and the plugins as far as whoever is signed in may see cases in it.

    Whoever writes in it must be signed in still.
    """
    found = who.actor()
    return _watched(found, lambda unit: _ask(unit, found))


def workspace() -> Workspace:
    """The workspace of `context`."""
    return context().workspace


def must(permission: Permission, domain: str = ANY) -> Actor:
    """Whoever is signed in, if their role is enough. NotAllowed, which the audit trail tells of."""
    found = who.actor()
    if not found.may(permission, domain):
        error = refusal(found, permission, domain)
        refused.run(found, error, workplace.context())
        raise error
    return found


def acting(permission: Permission, domain: str = ANY) -> Context:
    """The context for an act that takes a role; hand it to any verb. NotAllowed, SignedOut."""
    found = must(permission, domain)
    return _watched(found, lambda unit: _require(unit, found, permission, domain))


@contextmanager
def writing(permission: Permission, domain: str = ANY) -> Iterator[UnitOfWork]:
    """A unit for an act that takes a role. NotAllowed, SignedOut."""
    with acting(permission, domain).workspace.database.write() as unit:
        yield unit


@contextmanager
def drafting(domain: str) -> Iterator[UnitOfWork]:
    """A unit for what was typed. It is kept even where the session ended meanwhile by idleness."""
    digest = st.session_state.get(who.WHOSE)
    with workplace.context().workspace.database.write() as unit:
        found = unit.sessions.drafting(digest) if digest else None
        if found is None:
            raise SignedOut(who.OUT)
        if not found.may(Permission.DECIDE, domain):
            raise refusal(found, Permission.DECIDE, domain)
        yield unit


def _watched(found: Actor, check: Check) -> Context:
    """What somebody may not see is not listed to them either."""
    opened = workplace.context()
    seen = None if found.may(Permission.SEE) else frozenset(found.seen(found.grants))
    watched = opened.workspace.database.watched(check, seen)
    return replace(opened, workspace=replace(opened.workspace, database=watched))


def _ask(unit: UnitOfWork, found: Actor) -> None:
    present(unit, found)


def _require(unit: UnitOfWork, found: Actor, permission: Permission, domain: str) -> None:
    require(unit, found, permission, domain)
