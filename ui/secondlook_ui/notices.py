"""What was just done, at the top of the page: text from outside, so no markdown."""

import streamlit as st

from secondlook_ui import routes, session, shortcuts, undo

WORKLIST = "worklist"


def show(place: str) -> None:
    """The notice for this place, with the way back to the case it is about."""
    notice = session.notice(place)
    if notice is None:
        return
    kind = "said" if notice.good else "caution"
    with st.container(key=f"{kind}-notice", horizontal=True, vertical_alignment="center"):
        st.text(notice.text, width="stretch")
        if notice.case is not None and st.button(
            "Back to it", key="back", shortcut=shortcuts.BACK, icon=":material/undo:"
        ):
            routes.open_case(notice.case)
        if notice.decision is not None and place == WORKLIST:  # a case has the key itself
            undo.show_last(notice.decision)
