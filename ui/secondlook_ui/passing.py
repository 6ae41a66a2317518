"""Passing a case on: to the leads, to another person, back to everybody."""

from typing import Any
from uuid import uuid4

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.errors import NotAllowed, OthersTurn, SecondlookError
from secondlook.reviewing import Stage
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_ui import colleagues, session, shortcuts, turn, words, workbench
from secondlook_ui.session import Notice
from secondlook_ui.shown import Shown
from secondlook_workflows import case_acts
from secondlook_workflows.case_acts import ActConfig, HandOverConfig

LONGEST_REASON = 1000
NO_REASON = "To leave a case to the leads takes a reason: they begin with it."
NOBODY = "Choose to whom it goes."


def show_way(page: Shown) -> None:
    """The button that opens the form."""
    st.button(
        "Pass on",
        key="pass-on",
        shortcut=shortcuts.PASS_ON if workbench.opened(page) != workbench.PASS_ON else None,
        on_click=workbench.toggle,
        args=(page, workbench.PASS_ON),
    )


def show(page: Shown) -> None:
    """Draw the form."""
    workbench.head(page, "Pass this case on", shortcuts.PASS_ON)
    st.text_input("Why", key=_key(page, "reason"), max_chars=LONGEST_REASON)
    actor, domain = session.actor(), page.case.domain
    people = colleagues.may_take(page.case.domain, lead=page.lead)
    chosen = st.selectbox(
        "To",
        people,
        format_func=words.label,
        index=None,
        placeholder="Somebody who may decide it" if people else "Nobody else may decide it",
        key=_key(page, "to"),
        disabled=not people,
    )
    with st.container(horizontal=True):
        hand = st.button(
            "Hand over",
            key="hand-over",
            shortcut=shortcuts.HAND_OVER,
            disabled=not people or not actor.may(Permission.HAND_OVER, domain),
        )
        up = page.view.stage is None and st.button(
            "To the leads",
            key="escalate",
            shortcut=shortcuts.ESCALATE,
            disabled=not actor.may(Permission.ESCALATE, domain),
        )
        # What two read differently stays with the leads.
        back = st.button("Put back", key="put-back", shortcut=shortcuts.PUT_BACK)
    st.caption("What you entered stays your draft. Who passed it on, and why, is kept.")
    if hand:
        _hand_over(page, chosen)
    if up:
        _escalate(page)
    if back:
        _put_back(page)


def _hand_over(page: Shown, to: str | None) -> None:
    if to is None:
        _refused(NOBODY)
        return
    lead, domain = page.lead, page.case.domain
    config = HandOverConfig(**_config(page), to=to, lead=lead)

    def both(unit: UnitOfWork) -> None:
        if lead and not unit.users.get(to).acts_as().may(Permission.ADJUDICATE, domain):
            raise NotAllowed(f"{to} may not settle cases of {domain}, so nothing was handed over.")

    try:
        context = session.acting(Permission.ADJUDICATE if lead else Permission.HAND_OVER, domain)
        case_acts.hand_over(config, context, check=both)
    except OthersTurn:  # its words would say who read the case before
        _refused(f"{to} cannot take this case. Choose somebody else.")
        return
    except SecondlookError as error:
        _refused(str(error))
        return
    _done(page, f"Handed over to {to}")


def _escalate(page: Shown) -> None:
    if not _reason(page):
        _refused(NO_REASON)
        return
    try:
        context = session.acting(Permission.ESCALATE, page.case.domain)
        case_acts.escalate(ActConfig(**_config(page)), context)
    except SecondlookError as error:
        _refused(str(error))
        return
    _done(page, "Left to the leads")


def _put_back(page: Shown) -> None:
    lead = page.view.stage is Stage.ESCALATED
    try:
        permission = Permission.ADJUDICATE if lead else Permission.DECIDE
        context = session.acting(permission, page.case.domain)
        case_acts.put_back(ActConfig(**_config(page), lead=lead), context)
    except SecondlookError as error:
        _refused(str(error))
        return
    turn.skipped().add(page.case.id)
    _done(page, "Put back")


def _config(page: Shown) -> dict[str, Any]:
    lease = session.held_lease()
    return {
        "case": page.case.id,
        "reviewer": session.reviewer(),
        "reason": _reason(page),
        "lease": lease if lease and lease.case_id == page.case.id else None,
        "key": uuid4().hex,
    }


def _done(page: Shown, said: str) -> None:
    session.keep_lease(None)
    session.notify(Notice(f"{said}: {page.case.title}"))
    turn.go_on(turn.domain_or(page.case.domain))


def _refused(why: str) -> None:
    session.notify(Notice(f"Not passed on. {why}", good=False))
    st.rerun()


def _reason(page: Shown) -> str:
    return str(st.session_state.get(_key(page, "reason")) or "").strip()


def _key(page: Shown, field: str) -> str:
    return f"pass:{page.case.id}:{page.turn}:{field}"
