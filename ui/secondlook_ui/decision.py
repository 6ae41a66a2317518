"""The decision: one button and key per disposition, one transaction, visibly confirmed."""

from typing import NoReturn
from uuid import uuid4

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.decisions import Decision, How
from secondlook.domain import Domain
from secondlook.errors import SecondlookError
from secondlook_ui import (
    drafts,
    finding_acts,
    pace,
    passing,
    session,
    shortcuts,
    turn,
    undo,
    why,
    words,
    workbench,
)
from secondlook_ui.session import Notice
from secondlook_ui.shown import Shown
from secondlook_workflows import decide

COLUMNS = 2


def show(page: Shown, refusal: str | None) -> None:
    """Draw the buttons, the reason and the way past this case."""
    if refusal is not None or page.domain is None:
        with st.container(key="caution-refusal"):
            st.text(refusal or "")
        with st.container(horizontal=True):
            _skip(page)
            undo.show_way(page)
        return
    _buttons(page, page.domain)
    _reason(page)
    _ways(page, page.domain)


def store(page: Shown, disposition: str) -> Decision | None:
    """Store a decision in one transaction; None and a notice when it is refused.

    The key names this act, so that a second click or a repeated request stores nothing twice.
    """
    case, now = page.case, drafts.entered(page)
    codes = now.reason_codes
    if page.decided and page.domain is not None:
        codes = why.fitting(page, page.domain, disposition)
    config = decide.DecideConfig(
        case=case.id,
        disposition=disposition,
        reviewer=session.reviewer(),
        acts=now.acts,
        reason=drafts.reason(page),
        reason_codes=codes,
        severity=now.severity,
        lead=_as_lead(page),
        basis=_basis(page),
        key=_key(page),
    )
    try:
        decision = decide.run(config, session.acting(_permission(page), case.domain))
    except SecondlookError as error:
        drafts.save(page)
        session.notify(Notice(f"Not saved. {error} What you entered is kept.", good=False))
        return None
    title = words.disposition(page.domain, decision.disposition)
    when = words.clock(decision.decided_at, seconds=True)
    waits = decide.WAITS.get(decision.how, "")
    said = f"Saved {when}: {title}, {case.title}{waits}"
    session.notify(Notice(said, case=case.id, decision=decision.id))
    session.keep_lease(None)
    turn.forget_counts()
    return decision


def _basis(page: Shown) -> decide.Basis:
    """What this page shows; a decision on anything newer is refused."""
    lease = session.held_lease()
    return decide.Basis(
        assessment=page.assessment.id if page.assessment else None,
        amends=page.view.amends,
        lease=lease if lease and lease.case_id == page.case.id else None,
    )


def _permission(page: Shown) -> Permission:
    """To change what somebody else decided, or to settle, takes more than to decide."""
    if _as_lead(page):
        return Permission.ADJUDICATE
    others = page.decided and page.decisions[-1].reviewer != session.reviewer()
    return Permission.UNDO_OTHERS if others else Permission.DECIDE


def _as_lead(page: Shown) -> bool:
    """Whether it is settled by this; what a lead settled is changed by a lead."""
    settled = page.decided and page.decisions[-1].how is How.ADJUDICATED
    return page.lead or settled


def _buttons(page: Shown, domain: Domain) -> None:
    keys = shortcuts.for_dispositions(len(domain.dispositions))
    columns = st.columns(COLUMNS)
    for number, (disposition, key) in enumerate(zip(domain.dispositions, keys, strict=True)):
        pressed = columns[number % COLUMNS].button(
            words.label(disposition.title),
            key=f"decide:{page.case.id}:{page.turn}:{disposition.code}",
            icon=words.tone(disposition),
            shortcut=key,
            width="stretch",
        )
        if pressed:
            _decide(page, disposition.code)


def _decide(page: Shown, disposition: str) -> NoReturn:
    if pace.too_soon(page.case.id):
        session.notify(Notice(pace.TOO_SOON, good=False))
        st.rerun()
    wrong = why.problem(page, page.domain, disposition) if page.domain else ""
    if wrong:
        workbench.open_form(page, workbench.WHY)
        session.notify(Notice(f"Not saved. {wrong}", good=False))
        st.rerun()
    if store(page, disposition) is None:
        st.rerun()
    turn.go_on(turn.domain_or(page.case.domain))


def _reason(page: Shown) -> None:
    st.text_area(
        "Reason",
        key=drafts.reason_key(page),
        height=68,
        max_chars=drafts.LONGEST_REASON,
        placeholder="Reason, if there is something to say",
        label_visibility="collapsed",
        on_change=drafts.save,
        args=(page,),
    )


def _ways(page: Shown, domain: Domain) -> None:
    """What else can be done with it; a form that is open is closed by its own button."""
    with st.container(horizontal=True, key="ways", gap="xsmall"):
        _skip(page)
        why.show_way(page, domain)
        finding_acts.show_ways(page)
        passing.show_way(page)
        undo.show_way(page)


def _skip(page: Shown) -> None:
    pressed = st.button(
        "Skip",
        key="skip",
        shortcut=shortcuts.SKIP,
        disabled=not session.actor().may(Permission.DECIDE, page.case.domain),
    )
    if pressed:
        turn.skip(page.case.id, turn.domain_or(page.case.domain))


def _key(page: Shown) -> str:
    """One key for each act that this page can lead to."""
    name = f"act-key:{page.case.id}:{page.turn}"
    key: str = st.session_state.setdefault(name, uuid4().hex)
    return key
