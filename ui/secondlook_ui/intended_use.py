"""The gate: no case of a domain is seen before its reviewer has acknowledged what it is meant for.

What reads a case (`shown.read`), and what lists cases, asks `require`; the page then shows the text
in place of the case.
"""

from collections.abc import Mapping

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.domain import Domain
from secondlook.intended_use import IntendedUse
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_ui import session, words
from secondlook_workflows import intended_use


def require(domain: Domain | None, unit: UnitOfWork) -> None:
    """Raises NotAcknowledged where this reviewer has not acknowledged the domain's present text."""
    intended_use.require(domain, session.reviewer(), unit)


def locked(domains: Mapping[str, Domain]) -> frozenset[str]:
    """The names of those whose text this reviewer has still to acknowledge."""
    with session.workspace().database.read() as unit:
        waiting = (x for x, y in domains.items() if intended_use.waits(y, session.reviewer(), unit))
        return frozenset(waiting)


def ask(name: str) -> None:
    """Show the text of a domain in place of the page, with the button that acknowledges it."""
    session.let_go()
    domain = session.context().plugins.domains[name]
    use = domain.intended_use
    if use is None:
        return
    with st.container(key="large-intended-use"):
        st.text(f"Before first use: {domain.title}")
    _text(use)
    st.text(f"Cases are shown once {session.reviewer()} has acknowledged this text.")
    said = st.button("I have read this and work by it", key=f"acknowledge:{name}", type="primary")
    if said:
        acting = session.acting(Permission.SEE, name)
        intended_use.acknowledge(name, session.reviewer(), acting)
        st.rerun()


def again(domains: Mapping[str, Domain]) -> None:
    """All texts, to be read again, each with when this reviewer acknowledged it."""
    for domain in domains.values():
        if domain.intended_use is not None:
            with st.expander(f"Intended use: {words.label(domain.title)}"):
                _text(domain.intended_use)
                st.text(_since(domain, domain.intended_use))


def _text(use: IntendedUse) -> None:
    with st.container(key="quiet-intended-use-version"):
        st.text(f"Intended use, version {use.version}")
    for part in use.paragraphs:
        st.text(part)


def _since(domain: Domain, use: IntendedUse) -> str:
    with session.workspace().database.read() as unit:
        found = unit.intended_uses.acknowledged(domain.name, use, session.reviewer())
    who = session.reviewer()
    return f"acknowledged by {who}, {words.clock(found.at)}" if found else f"not yet by {who}"
