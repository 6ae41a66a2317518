"""Putting an open case into another band: by whom and why is kept."""

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.errors import SecondlookError
from secondlook.queues import Queue
from secondlook_ui import session, turn, words
from secondlook_ui.session import Notice
from secondlook_ui.shown import Shown
from secondlook_workflows import prioritise

LONGEST_REASON = 1000


def show(page: Shown) -> None:
    """Draw the form, folded; nothing where the domain has no bands or the case is decided."""
    queue = session.workspace().database.queues.get(page.case.domain, Queue())
    may = session.actor().may(Permission.PRIORITISE, page.case.domain)
    if page.decided or not queue.bands or not may:
        return
    titles = {x.code: words.label(x.title) for x in queue.bands}
    with st.expander("Move to another band"):
        chosen = st.radio(
            "Band",
            list(titles),
            format_func=lambda x: titles[x],
            index=None,
            horizontal=True,
            key=f"band:{page.case.id}",
        )
        reason = st.text_input("Why", key=f"band-reason:{page.case.id}", max_chars=LONGEST_REASON)
        st.caption("A case is put lower only with a reason. It is kept who did and why.")
        if st.button("Move", key="prioritise", disabled=chosen is None) and chosen is not None:
            _move(page, chosen, reason)
            st.rerun()


def _move(page: Shown, band: str, reason: str) -> None:
    config = prioritise.PrioritiseConfig(
        case=page.case.id, band=band, reviewer=session.reviewer(), reason=reason
    )
    try:
        prioritise.run(config, session.acting(Permission.PRIORITISE, page.case.domain))
    except SecondlookError as error:
        session.notify(Notice(f"Not moved. {error}", good=False))
        return
    turn.forget_counts()
    session.notify(Notice(f"Moved: {band.replace('_', ' ')}", case=None))
