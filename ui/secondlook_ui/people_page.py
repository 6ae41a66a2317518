"""People, for owners: who has an account, in which roles, and the acts upon one of them."""

import streamlit as st

from secondlook.accounts.actor import ANY, Permission, Role
from secondlook.domain import Domain
from secondlook_ui import people_acts, session, words
from secondlook_workflows.accounts import people
from secondlook_workflows.accounts.people import Person

STATES = {
    "enabled": "can sign in",
    "disabled": "disabled",
    "one-time passphrase": "must choose a passphrase",
    "cannot sign in": "cannot sign in",
}


def show() -> None:
    """Draw the page."""
    session.let_go()
    owner = session.must(Permission.USERS)
    domains = session.context().plugins.domains
    found = people.everybody(owner, session.context())
    people_acts.told()
    st.dataframe([_row(x, domains) for x in found], hide_index=True, width="stretch", key="people")
    left, right = st.columns(2, gap="large")
    with left:
        people_acts.change(found, _places(domains))
    with right:
        people_acts.add(_places(domains))


def role(held: Role, domain: str, domains: dict[str, Domain]) -> str:
    """`reviewer in Radiology`, `owner of everything`."""
    if domain == ANY:
        return f"{held} in all domains"
    return f"{held} in {domains[domain].title if domain in domains else domain}"


def _row(person: Person, domains: dict[str, Domain]) -> dict[str, str | int]:
    held = [role(y, x, domains) for x, y in person.roles.items()]
    return {
        "Name": person.name,
        "Roles": "; ".join(held) or "no role yet",
        "State": STATES.get(person.state, person.state),
        "Signed in now": person.sessions,
        "May ask whose a case is": "yes" if person.custodian else "",
        "Since": words.clock(person.created_at),
    }


def _places(domains: dict[str, Domain]) -> dict[str, str]:
    return {ANY: "All domains"} | {x: y.title for x, y in domains.items()}
