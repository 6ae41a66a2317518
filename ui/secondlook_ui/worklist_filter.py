"""What the worklist is narrowed to; the choice stands in the address, so that it can be linked to."""

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.domain import Domain
from secondlook_ui import intended_use, session, words
from secondlook_ui.worklist_lists import OPEN, TITLES, View, offered

EVERY = "all"
LONGEST_SEARCH = 200


def show(domains: dict[str, Domain]) -> View:
    """Draw the filter; what was chosen."""
    titles = _titles(domains)
    first, second, third = st.columns([2, 5, 2], vertical_alignment="bottom")
    domain = first.selectbox(
        "Domain",
        list(titles),
        format_func=lambda x: titles.get(x, EVERY),
        key="domain",
        bind="query-params",
        persist_state="session",
    )
    chosen = None if domain in (EVERY, None) else domain
    lists = offered(chosen)
    if st.session_state.get("show", OPEN) not in lists:  # chosen where one is a lead, and not here
        st.session_state["show"] = OPEN
    choice = second.segmented_control(
        "Show",
        lists,
        format_func=lambda x: TITLES.get(x, x),
        default=OPEN,
        required=True,
        key="show",
        bind="query-params",
        persist_state="session",
    )
    search = third.text_input(
        "Title contains",
        max_chars=LONGEST_SEARCH,
        key="search",
        type="search",
        bind="query-params",
        persist_state="session",
    )
    return View(chosen, choice or OPEN, search or "")


def put(view: View) -> None:
    """Narrow the page to this: before `show` draws its filter."""
    st.session_state["domain"] = view.domain or EVERY
    st.session_state["show"] = view.choice
    st.session_state["search"] = view.search


def _titles(domains: dict[str, Domain]) -> dict[str, str]:
    """What may be chosen; all together only where every intended use was acknowledged."""
    locked = intended_use.locked(domains)
    ready = sorted(domains.values(), key=lambda x: x.name in locked)
    titles = {x.name: words.label(x.title) for x in ready}
    # Only whoever has a role in all of them takes the next case from all of them.
    everywhere = session.actor().may(Permission.SEE) and not locked
    return {EVERY: "All domains"} | titles if everywhere else titles
