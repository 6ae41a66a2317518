"""Who is signed in: their name and role above every page, the way out, and what is seen without."""

import re
from collections.abc import Iterable
from datetime import timedelta
from html import escape
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from secondlook.accounts.actor import ANY, Actor, Permission
from secondlook_ui import presence, session

PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,120}")
"""What may stand in a link: ids, filters, numbers of pages."""
WATCH = timedelta(seconds=20)
"""So long a page may stay on the screen after its session ended."""


def show(actor: Actor) -> None:
    """Draw the name that leads to the account, and watch over the session."""
    with st.container(key="account", horizontal=True, vertical_alignment="center"):
        with st.container(key="account-name", width="content"):
            st.text(actor.name)
        with st.popover("Account", icon=":material/person:", width="content"):
            _menu(actor)
    if not actor.may_anywhere(Permission.SEE):
        st.info("You have no role yet, so no cases are shown. An owner gives roles.")
    presence.show()
    _watch()


def _menu(actor: Actor) -> None:
    st.text(f"Signed in as {actor.name}")
    with st.container(key="quiet-roles"):
        for line in roles(actor):
            st.text(line)
    with st.container(key="way-passphrase"):
        _link("/passphrase", "Change passphrase", _here())
    if st.button("Sign out", key="sign-out", width="stretch"):
        session.leave()
        st.rerun()


def roles(actor: Actor) -> tuple[str, ...]:
    """`reviewer`, `lead in radiology-assistant`; in which domains somebody is what."""
    named = {x: f"{role} in {x}" for x, role in actor.grants.items()}
    if ANY in actor.grants:
        named[ANY] = f"{actor.grants[ANY]} in all domains"
    return tuple(named.values()) or ("no role yet",)


def signed_out(places: Iterable[str]) -> None:
    """In place of every page: nothing of a case stays on the screen, nor the way to others."""
    pages = [st.Page(_signed_out, title="Signed out", url_path=x) for x in places]
    st.navigation(pages, position="hidden").run()


def _signed_out() -> None:
    with st.container(key="large-signed-out"):
        st.text("You are signed out")
    st.text("Drafts are kept. Sign in to go on where you were.")
    with st.container(key="way-in"):
        _link("/sign-in", "Sign in", _here(), why="ended")


def _here() -> str:
    """The path of this page with its query, to come back to; nothing that somebody else wrote."""
    path = urlsplit(st.context.url or "/").path or "/"
    query = {x: y for x, y in st.query_params.to_dict().items() if PLAIN.fullmatch(f"{x}{y}")}
    return f"{path}?{urlencode(query)}" if query else path


def _link(path: str, text: str, back: str, **query: str) -> None:
    """A link in the same tab, out of the pages that Streamlit draws."""
    address = f"{path}?{urlencode({**query, 'next': back}, quote_via=quote)}"
    st.html(f'<a href="{escape(address)}" target="_self">{escape(text)}</a>')


@st.fragment(run_every=WATCH)
def _watch() -> None:
    """Clear the screen soon after the session ended, though nobody touches it."""
    if not session.stands():
        st.rerun(scope="app")
