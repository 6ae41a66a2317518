"""One case: the picture on the left, the first look and the decision on the right."""

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.errors import LeaseLost
from secondlook_ui import (
    cautions,
    decision,
    drafts,
    history,
    jobs,
    look,
    notices,
    pace,
    picture,
    priority,
    records,
    routes,
    session,
    shortcuts,
    shown,
    similar,
    words,
)
from secondlook_ui.shown import Shown

HEARTBEAT = 60
"""Seconds between looks at how long the case is still held."""


def show() -> None:
    """Draw the page for `?case=`, or the way to a case."""
    wanted = st.query_params.get("case")
    if not wanted:
        st.info("No case is open. Choose one from the worklist.")
        if st.button("Worklist", key="to-worklist", shortcut=shortcuts.WORKLIST):
            routes.open_worklist()
        return
    page = shown.read(wanted)
    refusal = _hold(page)
    drafts.restore(page)
    notices.show(page.case.id)
    _head(page)
    cautions.show(page)
    _body(page, refusal)
    pace.appeared(page.case.id)


def _body(page: Shown, refusal: str | None) -> None:
    revealed = look.revealed(page)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        picture.show(page, machine=revealed)
        records.show(page)
    with right.container(gap="xsmall"):
        if page.decided:
            history.show(page)
            look.show(page, revealed=revealed, acting=False)
            similar.show(page.similar, page.domain, page.case)
        else:
            history.before(page)
            look.show(page, revealed=revealed, acting=refusal is None)
            if revealed:  # what looks alike would tell what the machine sees
                similar.show(page.similar, page.domain, page.case)
            decision.show(page, refusal)
            priority.show(page)
            jobs.show(domain=page.case.domain, case=page.case.id)


def _hold(page: Shown) -> str | None:
    """Hold an undecided case; why it cannot be decided here, if so."""
    if page.decided:
        return None
    if page.domain is None:
        return f"No loaded plugin brings the domain {page.case.domain}, so nothing can be decided."
    if not session.actor().may(Permission.DECIDE, page.case.domain):
        return (
            "You may look at this case. Deciding it takes the role reviewer, which an owner gives."
        )
    try:
        session.hold(page.case.id)
    except LeaseLost as error:
        return str(error)
    return None


def _head(page: Shown) -> None:
    case = page.case
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        with st.container(key="large-title", width="content"):
            st.text(case.title)
        with st.container(key="quiet-title", width="stretch"):
            _facts(page)


@st.fragment(run_every=HEARTBEAT)
def _facts(page: Shown) -> None:
    """What the case is and until when it is held; keeps it held while the page is open."""
    if not session.stands():
        st.rerun(scope="app")
    case = page.case
    parts = [page.domain.title if page.domain else case.domain]
    parts += [f"product {case.product}"] if case.product else []
    parts += [f"opened {words.clock(case.opened_at)}", f"case {case.id[:8]}"]
    if not page.decided:
        parts.append(session.still_held(case.id))
    st.text(" · ".join(x for x in parts if x))
