"""The script: pages by function and role, who is signed in above them, errors in plain words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from secondlook.accounts.actor import Actor, Permission
from secondlook.errors import NotAcknowledged, SecondlookError, SignedOut
from secondlook_ui import (
    about,
    account,
    adapters_page,
    audit_page,
    case,
    dashboard,
    intended_use,
    people_page,
    plugins_page,
    routes,
    session,
    style,
    trouble,
    worklist,
)

if TYPE_CHECKING:
    from streamlit.navigation.page import Page


@dataclass(frozen=True)
class Way:
    """One page: what draws it, and what it takes to be shown it."""

    show: Callable[[], None]
    title: str
    permission: Permission | None = None
    """In some domain at least; None for everybody who is signed in."""
    everywhere: bool = False
    """The role must hold in all domains."""

    def open_to(self, actor: Actor) -> bool:
        """Whether somebody may see it; each page asks again for what it shows."""
        if self.permission is None:
            return True
        may = actor.may if self.everywhere else actor.may_anywhere
        return may(self.permission)


WAYS: dict[str, Way] = {
    routes.WORKLIST: Way(worklist.show, "Worklist", Permission.SEE),
    routes.CASE: Way(case.show, "Case", Permission.SEE),
    routes.DASHBOARD: Way(dashboard.show, "Dashboard", Permission.SEE),
    routes.ADAPTERS: Way(adapters_page.show, "Adapters", Permission.SEE),
    routes.AUDIT: Way(audit_page.show, "Audit", Permission.AUDIT),
    routes.PEOPLE: Way(people_page.show, "People", Permission.USERS, everywhere=True),
    routes.PLUGINS: Way(plugins_page.show, "Plugins", Permission.SETTINGS, everywhere=True),
    routes.ABOUT: Way(about.show, "About"),
}


def main() -> None:
    """Draw the page that the address names, for whoever is signed in."""
    st.set_page_config(page_title="secondlook", layout="wide", initial_sidebar_state="collapsed")
    style.apply()
    try:
        _draw(session.begin())
    except SignedOut:
        account.signed_out(WAYS)
    except SecondlookError as error:
        trouble.show(error)


def _draw(actor: Actor) -> None:
    session.active()
    # No icons: Streamlit makes them the page's favicon, which it fetches from a foreign host.
    ways = {name: way for name, way in WAYS.items() if way.open_to(actor)}
    pages = {
        name: st.Page(way.show, title=way.title, url_path=name, default=name == next(iter(ways)))
        for name, way in ways.items()
    }
    routes.register(pages)
    chosen = st.navigation(list(pages.values()), position="top")
    account.show(actor)
    try:
        _run(chosen)
    except SignedOut:
        st.rerun()  # nothing of this page stays
    except Exception as error:  # noqa: BLE001 - control flow of Streamlit is no Exception
        trouble.show(error)
    st.container(key="ready").caption("ready")


def _run(page: "Page") -> None:
    """Draw a page, or what has to be acknowledged before it."""
    try:
        page.run()
    except NotAcknowledged as error:
        intended_use.ask(error.domain)
