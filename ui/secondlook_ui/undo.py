"""Taking back what one decided: the case is open again, with a draft of what had been decided."""

from typing import NoReturn
from uuid import uuid4

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.errors import SecondlookError
from secondlook.store.recent import Recent
from secondlook_ui import routes, session, shortcuts, turn, words, workbench
from secondlook_ui.session import Notice
from secondlook_ui.shown import Shown
from secondlook_workflows import case_acts


def show_way(page: Shown) -> None:
    """The button that opens the list; while the list is open its key takes the newest back."""
    opened = workbench.opened(page) == workbench.RECENT
    st.button(
        "Undo",
        key="undo",
        shortcut=shortcuts.UNDO if not opened else None,
        disabled=not session.actor().may_anywhere(Permission.DECIDE),
        on_click=workbench.toggle,
        args=(page, workbench.RECENT),
    )


def show(page: Shown) -> None:
    """Draw what this reviewer decided last, the newest first."""
    workbench.head(page, "What you decided last")
    recent = case_acts.recent(session.reviewer(), session.context())
    if not recent:
        st.text("Nothing that could be taken back.")
    for number, item in enumerate(recent):
        _row(item, number)


def show_last(decision: str) -> None:
    """Where it was just stored: the button that takes it back at once."""
    if st.button("Undo", key="undo-last", shortcut=shortcuts.UNDO):
        recent = case_acts.recent(session.reviewer(), session.context())
        item = next((x for x in recent if x.decision.id == decision), None)
        if item is None:
            session.notify(Notice("It is not among the last that you decided.", good=False))
            st.rerun()
        take_back(decision, item.domain, item.title)


def take_back(decision: str, domain: str, title: str, *, others: bool = False) -> NoReturn:
    """Take a decision back and open its case."""
    config = case_acts.UndoConfig(
        reviewer=session.reviewer(), decision=decision, others=others, key=uuid4().hex
    )
    permission = Permission.UNDO_OTHERS if others else Permission.DECIDE
    try:
        undone = case_acts.undo(config, session.acting(permission, domain))
    except SecondlookError as error:
        session.notify(Notice(f"Not taken back. {error}", good=False))
        st.rerun()
    held = session.held_lease()
    if held is not None and held.case_id != undone.lease.case_id:
        session.let_go()
    session.keep_lease(undone.lease)
    turn.forget_counts()
    when = words.clock(undone.act.at, seconds=True)
    session.notify(Notice(f"Taken back {when}: {title}. It is open again, as you had decided it."))
    routes.open_case(undone.lease.case_id)


def _row(item: Recent, number: int) -> None:
    domain = session.context().plugins.domains.get(item.domain)
    with st.container(horizontal=True, vertical_alignment="center", key=f"recent-{number}"):
        with st.container(width="stretch", gap=None):
            title = words.disposition(domain, item.decision.disposition)
            st.text(f"{words.clock(item.at, seconds=True)}  {title}, {item.title}")
            if item.refusal:
                with st.container(key=f"quiet-recent-{number}"):
                    st.text(item.refusal)
        pressed = st.button(
            "Take back",
            key=f"take-back:{item.decision.id}",
            shortcut=shortcuts.UNDO if number == 0 and not item.refusal else None,
            disabled=bool(item.refusal),
        )
    if pressed:
        take_back(item.decision.id, item.domain, item.title)
