"""One case: the picture on the left, the first look and the decision on the right."""

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.errors import LeaseLost
from secondlook_ui import (
    cautions,
    decision,
    drafts,
    finding_form,
    heading,
    history,
    jobs,
    look,
    notices,
    pace,
    passing,
    picture,
    priority,
    records,
    routes,
    session,
    shortcuts,
    shown,
    similar,
    undo,
    why,
    workbench,
)
from secondlook_ui.shown import Shown


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
        heading.held(page)
        if page.decided:
            history.show(page)
            _machine(page, revealed=revealed, acting=False)
        else:
            history.before(page)
            _machine(page, revealed=revealed, acting=refusal is None)
            decision.show(page, refusal)
            priority.show(page)
            jobs.show(domain=page.case.domain, case=page.case.id)


def _machine(page: Shown, *, revealed: bool, acting: bool) -> None:
    """The first look, or the form that is open in its place."""
    name = workbench.opened(page)
    if name is not None and (acting or name == workbench.RECENT):
        with st.container(height=look.HEIGHT, border=True, gap="xsmall", key=workbench.FORM):
            _form(page, name)
        workbench.take_focus(page)
        return
    look.show(page, revealed=revealed, acting=acting)
    if revealed:  # what looks alike would tell what the machine sees
        similar.show(page.similar, page.domain, page.case)


def _form(page: Shown, name: str) -> None:
    if name == workbench.RECENT:
        undo.show(page)
    elif name == workbench.PASS_ON:
        passing.show(page)
    elif page.domain is not None and name == workbench.WHY:
        why.show(page, page.domain)
    elif page.domain is not None:
        finding_form.show(page, page.domain, name, picture.drawn(page))


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
        session.hold(page.case.id, lead=page.lead)
    except LeaseLost as error:
        return str(error)
    return None
