"""The decision: one button and key per disposition, one transaction, visibly confirmed."""

from typing import NoReturn
from uuid import uuid4

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.decisions import Decision
from secondlook.domain import Domain
from secondlook.errors import SecondlookError
from secondlook_ui import drafts, pace, session, shortcuts, turn, words
from secondlook_ui.session import Notice
from secondlook_ui.shown import Shown
from secondlook_workflows import decide

COLUMNS = 2


def show(page: Shown, refusal: str | None) -> None:
    """Draw the buttons, the reason and the way past this case."""
    if refusal is not None or page.domain is None:
        with st.container(key="caution-refusal"):
            st.text(refusal or "")
        _skip(page)
        return
    _buttons(page, page.domain)
    _reason(page)
    _skip(page)


def store(page: Shown, disposition: str) -> Decision | None:
    """Store a decision in one transaction; None and a notice when it is refused.

    The key names this act, so that a second click or a repeated request stores nothing twice.
    """
    case = page.case
    config = decide.DecideConfig(
        case=case.id,
        disposition=disposition,
        reviewer=session.reviewer(),
        acts=drafts.acts(page),
        reason=drafts.reason(page),
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
    session.notify(Notice(f"Saved {when}: {title}, {case.title}{waits}", case=case.id))
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
    """To change what somebody else decided takes more than to decide."""
    others = page.decided and page.decisions[-1].reviewer != session.reviewer()
    return Permission.UNDO_OTHERS if others else Permission.DECIDE


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


def _skip(page: Shown) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    pressed = row.button(
        "Skip",
        key="skip",
        icon=":material/skip_next:",
        shortcut=shortcuts.SKIP,
        disabled=not session.actor().may(Permission.DECIDE, page.case.domain),
    )
    if pressed:
        turn.skip(page.case.id, turn.domain_or(page.case.domain))
    saved = drafts.saved_at(page.case.id)
    with row.container(key="quiet-draft"):
        st.text(f"draft kept {words.clock(saved, seconds=True)}" if saved else "")


def _key(page: Shown) -> str:
    """One key for each act that this page can lead to."""
    name = f"act-key:{page.case.id}:{page.turn}"
    key: str = st.session_state.setdefault(name, uuid4().hex)
    return key
