"""Ways between pages. Pages are functions, so they are known only while the script runs."""

from typing import TYPE_CHECKING, NoReturn

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

WORKLIST, CASE, ABOUT = "worklist", "case", "about"
DASHBOARD, AUDIT, PEOPLE = "dashboard", "audit", "people"
ADAPTERS, PLUGINS = "adapters", "plugins"


def register(pages: "dict[str, Page]") -> None:
    """Remember the pages of this run."""
    st.session_state["pages"] = pages


def open_case(case_id: str) -> NoReturn:
    """Go to a case; the address can be passed on."""
    st.switch_page(st.session_state["pages"][CASE], query_params={"case": case_id})


def open_worklist() -> NoReturn:
    """Go to the worklist."""
    # Not without parameters: Streamlit refuses to clear those that a filter is bound to.
    st.switch_page(st.session_state["pages"][WORKLIST], query_params={})
