"""Pages of the worklist: where each begins, forth and back."""

import streamlit as st

from secondlook.store.worklist import Cursor
from secondlook_ui.worklist_lists import View


def cursors(view: View) -> list[Cursor | None]:
    """Where each page up to this one begins; from the start again when the view changed."""
    kept: tuple[View | None, list[Cursor | None]] = st.session_state.get("cursors", (None, []))
    begun: list[Cursor | None] = kept[1] if kept[0] == view and kept[1] else [None]
    st.session_state["cursors"] = (view, begun)
    return begun


def show(begun: list[Cursor | None], following: Cursor | None) -> None:
    """The way to the page before and the next one, where there is any."""
    if len(begun) == 1 and following is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Back", key="page-back", disabled=len(begun) == 1):
            begun.pop()
            st.rerun()
        st.text(f"Page {len(begun)}")
        if st.button("Next", key="page-next", disabled=following is None):
            begun.append(following)
            st.rerun()
