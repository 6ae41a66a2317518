"""Who is signed in, as the database says it: at the beginning of every run, and a second later."""

import time

import streamlit as st

from secondlook.accounts import tokens
from secondlook.accounts.actor import Actor
from secondlook.errors import SignedOut
from secondlook.store.sessions import SignedIn
from secondlook_ui import workplace
from secondlook_ui.serving.hosts import Hosts

FRESH_SECONDS = 1.0
"""So long a page believes what it read of the roles; a write never does."""
OUT = "You are signed out."
WHOSE = "whose"
"""In the state of a page: the digest of the session it is drawn for."""


def token() -> str | None:
    """The token in the cookie that the browser opened this page with."""
    hosts = Hosts(workplace.context().workspace.settings.ui.tls_hosts)
    return st.context.cookies.get(hosts.cookie(st.context.headers.get("Host") or ""))


def signed_in() -> SignedIn:
    """The session, as of a second ago at most. SignedOut, also where this run is not theirs yet.

    A page that reconnects after somebody else signed in belongs to the one before until `begin`.
    """
    found = _read()
    if st.session_state.get(WHOSE, found.actor.session) != found.actor.session:
        raise SignedOut(OUT)
    return found


def _read() -> SignedIn:
    at, found = st.session_state.get("looked-up", (0.0, None))
    if found is None or time.monotonic() - at > FRESH_SECONDS:
        found = _look_up()
        st.session_state["looked-up"] = (time.monotonic(), found)
    known: SignedIn = found
    return known


def look_again() -> SignedIn:
    """The session as it is now. SignedOut."""
    st.session_state.pop("looked-up", None)
    return _read()


def actor() -> Actor:
    """Who is signed in, in which roles. SignedOut."""
    return signed_in().actor


def stands() -> bool:
    """Whether somebody is signed in still."""
    try:
        signed_in()
    except SignedOut:
        return False
    return True


def reviewer() -> str:
    """The name of whoever is signed in, as of the beginning of this run."""
    return str(st.session_state.get("name") or actor().name)


def _look_up() -> SignedIn:
    given = token()
    if given is None:
        raise SignedOut(OUT)
    with workplace.context().workspace.database.read() as unit:
        found = unit.sessions.find(tokens.digest(given))
    if found is None or found.must_change:
        raise SignedOut(OUT)
    return found
