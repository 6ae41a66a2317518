"""What the open case is called.

Where it has a picture, its name stands in the viewer and changes together with the picture: the
name of one case never stands over the picture of another.
"""

import streamlit as st

from secondlook_ui import drafts, session, words
from secondlook_ui.shown import Shown

HEARTBEAT = 60
"""Seconds between looks at how long the case is still held."""


def facts(page: Shown) -> str:
    """What the case is, in a line."""
    case = page.case
    parts = [page.domain.title if page.domain else case.domain]
    parts += [f"product {case.product}"] if case.product else []
    return " · ".join([*parts, f"opened {words.clock(case.opened_at)}", f"case {case.id[:8]}"])


def show(page: Shown) -> None:
    """Draw it on a page without a viewer."""
    with st.container(key="large-title"):
        st.text(page.case.title)
    with st.container(key="quiet-title"):
        st.text(facts(page))


@st.fragment(run_every=HEARTBEAT)
def held(page: Shown) -> None:
    """Until when it is held, and when the draft was kept; keeps it held while it is open."""
    if not session.stands():
        st.rerun(scope="app")
    parts = [] if page.decided else [session.still_held(page.case.id, lead=page.lead)]
    if (saved := drafts.saved_at(page.case.id)) is not None:
        parts.append(f"draft kept {words.clock(saved, seconds=True)}")
    if said := " · ".join(x for x in parts if x):
        with st.container(key="quiet-held"):
            st.text(said)
