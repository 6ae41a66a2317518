"""The script: pages by function, the reviewer's name beside them, errors in plain words."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from secondlook.errors import NotAcknowledged, SecondlookError
from secondlook_ui import about, case, intended_use, routes, session, style, trouble, worklist

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

WAYS: dict[str, tuple[Callable[[], None], str]] = {
    routes.WORKLIST: (worklist.show, "Worklist"),
    routes.CASE: (case.show, "Case"),
    routes.ABOUT: (about.show, "About"),
}


def main() -> None:
    """Draw the page that the address names."""
    sidebar = session.sidebar_state()
    st.set_page_config(page_title="secondlook", layout="wide", initial_sidebar_state=sidebar)
    style.apply()
    try:
        session.context()
    except SecondlookError as error:
        trouble.show(error)
        return
    session.active()
    # No icons: Streamlit makes them the page's favicon, which it fetches from a foreign host.
    pages = {
        name: st.Page(show, title=title, url_path=name, default=name == routes.WORKLIST)
        for name, (show, title) in WAYS.items()
    }
    routes.register(pages)
    chosen = st.navigation(list(pages.values()), position="top")
    with st.sidebar:
        session.ask_reviewer()
    try:
        _run(chosen)
    except Exception as error:  # noqa: BLE001 - control flow of Streamlit is no Exception
        trouble.show(error)
    st.container(key="ready").caption("ready")


def _run(page: "Page") -> None:
    """Draw a page, or what has to be acknowledged before it."""
    try:
        page.run()
    except NotAcknowledged as error:
        intended_use.ask(error.domain)
