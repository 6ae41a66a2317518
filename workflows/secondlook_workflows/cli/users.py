"""Commands about people: who has an account, in which roles. Whoever can call them is an owner."""

from collections.abc import Mapping
from typing import Annotated

import typer

from secondlook.accounts.actor import ANY, Actor, Role, local
from secondlook.codec import to_plain
from secondlook.errors import UsageError
from secondlook_workflows.accounts import people as verb
from secondlook_workflows.accounts.people import Added
from secondlook_workflows.cli.common import Json, session, this_user
from secondlook_workflows.cli.console import print_json, print_table, say

users = typer.Typer(help="Who has an account, in which roles.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="As they sign in, and as decisions name them.")]
RoleArgument = Annotated[str, typer.Argument(help="owner, lead, reviewer, viewer, or none.")]
Where = Annotated[str, typer.Option("--domain", help="In this domain alone; else in all.")]


@users.command("list")
def list_users(json: Json = False) -> None:
    """Everybody who has an account or has decided, with their roles."""
    with session(create=True) as context:
        found = verb.everybody(_me(), context)
    if json:
        print_json([to_plain(x) for x in found])
        return
    rows = [
        (x.name, _roles(x.roles), x.state, x.sessions, "custodian" if x.custodian else "")
        for x in found
    ]
    print_table(("user", "roles", "state", "signed in", ""), rows)


@users.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option("--role", help="owner, lead, reviewer, viewer.")],
    domain: Where = ANY,
    json: Json = False,
) -> None:
    """Make an account; the one-time passphrase that it prints must be changed at once."""
    with session(create=True) as context:
        added = verb.add(name, _role(role), _me(), context, domain=domain)
    _show(added, json=json)


@users.command("role")
def role(name: Name, role: RoleArgument, domain: Where = ANY, json: Json = False) -> None:
    """Give somebody a role, in all domains or in one; `none` takes it away."""
    with session() as context:
        verb.set_role(name, None if role == "none" else _role(role), _me(), context, domain=domain)
    _done({"user": name, "domain": domain, "role": role}, f"{name}: {role}", json=json)


@users.command("disable")
def disable(name: Name, json: Json = False) -> None:
    """Let somebody in no more, at once. What they decided stays."""
    with session() as context:
        verb.disable(name, _me(), context)
    _done({"disabled": name}, f"{name} can sign in no more", json=json)


@users.command("enable")
def enable(name: Name, json: Json = False) -> None:
    """Let somebody in again."""
    with session() as context:
        verb.enable(name, _me(), context)
    _done({"enabled": name}, f"{name} can sign in again", json=json)


@users.command("passphrase")
def passphrase(name: Name, json: Json = False) -> None:
    """Give somebody a one-time passphrase, and sign them out everywhere."""
    with session() as context:
        given = verb.give_passphrase(name, _me(), context)
    _show(given, json=json)


@users.command("sign-out")
def sign_out(name: Name, json: Json = False) -> None:
    """Sign somebody out everywhere."""
    with session() as context:
        ended = verb.sign_out(name, _me(), context)
    _done({"user": name, "ended": ended}, f"{ended} sessions of {name} ended", json=json)


@users.command("identity")
def identity(
    name: Name,
    issuer: Annotated[str, typer.Argument(help="The provider's issuer, an address.")],
    subject: Annotated[str, typer.Argument(help="What the provider calls them (`sub`).")],
    json: Json = False,
) -> None:
    """Let an identity of an OpenID Connect provider stand for somebody."""
    with session() as context:
        verb.identify(name, issuer, subject, _me(), context)
    _done({"user": name, "issuer": issuer}, f"{name} may sign in with {issuer}", json=json)


def add_to(cli: typer.Typer) -> None:
    """Add these commands."""
    cli.add_typer(users, name="users")


def _me() -> Actor:
    return local(this_user() or "terminal")


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise UsageError(f"there is no role {word!r}; there is: {', '.join(Role)}") from None


def _roles(roles: Mapping[str, Role]) -> str:
    return ", ".join(y if x == ANY else f"{y} in {x}" for x, y in roles.items())


def _show(added: Added, *, json: bool) -> None:
    if json:
        print_json(added)
        return
    say(f"one-time passphrase of {added.name}: {added.passphrase}", whole=True)
    say("it is shown this once and must be changed when they sign in")


def _done(fields: dict[str, str | int], words: str, *, json: bool) -> None:
    print_json(fields) if json else say(words)
