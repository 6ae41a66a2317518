"""provided: somebody an OpenID Connect provider vouches for comes in under a session of ours.

The provider says who; which role that is, and how long it lasts, is said here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from secondlook.accounts.actor import ANY, Role
from secondlook.errors import NotSignedIn, SettingsError
from secondlook.settings import Provider
from secondlook.store import clock
from secondlook.store.account_tables import How
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_workflows.accounts import costs
from secondlook_workflows.accounts.sign_in import Begun
from secondlook_workflows.context import Context

PURPOSE = "provider"
FRESH = timedelta(minutes=10)
"""So old an answer of the provider may be."""
BY = "identity provider"
OVER = "The answer of the identity provider was used already, or came too late. Try again."


def run(claims: Mapping[str, Any], answer: str, context: Context) -> Begun:
    """Sign in whom the claims name. `answer` is what they came in, which is good once.

    NotSignedIn where nobody here is known by the identity, is disabled, or has no role.
    """
    provider = context.workspace.settings.provider
    issuer, subject = str(claims.get("iss", "")), str(claims.get("sub", ""))
    with context.workspace.database.write() as unit:
        if not unit.sign_ins.spend(PURPOSE, answer, lasting=2 * FRESH) or not _fresh(claims):
            raise NotSignedIn(OVER)
        if not issuer or not subject:
            raise NotSignedIn("The identity provider did not say who you are.")
        wanted = roles(claims, provider)
        name = unit.sign_ins.known(issuer, subject)
        if name is None:
            name = _new(claims, provider, wanted, unit)
            unit.sign_ins.identify(name, issuer, subject, by=BY)
        if unit.users.get(name).disabled_at is not None:
            raise NotSignedIn(_nobody(issuer, subject))
        if provider.roles:
            _set_roles(name, wanted, unit)
        token = unit.sessions.begin(name, How.PROVIDER, **costs.lasting(context))
        unit.commit()
    return Begun(token, name)


def roles(claims: Mapping[str, Any], provider: Provider) -> dict[str, Role]:
    """The roles by domain that the settings give for the claim; the highest of each domain."""
    said = claims.get(provider.role_claim)
    groups = {str(x) for x in said} if isinstance(said, list | tuple) else {str(said)}
    given: dict[str, Role] = {}
    order = list(Role)
    for group, words in provider.roles.items():
        role, domain = _parsed(words)
        if group in groups and order.index(role) <= order.index(given.get(domain, Role.VIEWER)):
            given[domain] = role
    return given


def _parsed(words: str) -> tuple[Role, str]:
    role, _, domain = words.partition("@")
    try:
        return Role(role), domain or ANY
    except ValueError:
        raise SettingsError(
            f"[provider] roles: {words!r} is no role; write one of {', '.join(Role)}, or "
            "reviewer@DOMAIN"
        ) from None


def _new(
    claims: Mapping[str, Any], provider: Provider, wanted: Mapping[str, Role], unit: UnitOfWork
) -> str:
    """An account for somebody new, where the settings give them a role."""
    name = str(claims.get(provider.name_claim) or "").strip()
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    if not wanted or not name or unit.users.called(name) is not None:
        raise NotSignedIn(_nobody(issuer, subject))
    unit.users.add(name, by=BY)
    return name


def _set_roles(name: str, wanted: Mapping[str, Role], unit: UnitOfWork) -> None:
    held = unit.users.get(name).grants
    if unit.users.owners() == (name,):  # the last owner stays, whatever a group says
        return
    for domain, role in wanted.items():
        if held.get(domain) is not role:
            unit.users.grant(name, role, domain=domain, by=BY)
    for domain in held.keys() - wanted.keys():
        unit.users.revoke(name, domain=domain, by=BY)


def _fresh(claims: Mapping[str, Any]) -> bool:
    try:
        issued = datetime.fromtimestamp(float(claims["iat"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return False
    return abs(clock.now() - issued) <= FRESH


def _nobody(issuer: str, subject: str) -> str:
    return (
        "Nobody here is known by this identity. An owner lets it in with `secondlook users "
        f"identity NAME {issuer} {subject}`."
    )
