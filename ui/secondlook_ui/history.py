"""What was decided: by whom and why, and the way to change it."""

import streamlit as st

from secondlook.decisions import Decision
from secondlook.domain import Domain
from secondlook_ui import decision, drafts, session, shortcuts, turn, words
from secondlook_ui.session import Notice
from secondlook_ui.shown import Shown


def show(page: Shown) -> None:
    """Draw the decisions, the standing one first, and the form that amends it."""
    standing, *earlier = reversed(page.decisions)
    with st.container(key="said-standing"), st.container(key="strong-standing"):
        st.text(f"Decided: {words.disposition(page.domain, standing.disposition)}")
    _decision(standing, page.domain)
    if earlier:
        with st.expander("Earlier decisions"):
            for item in earlier:
                _decision(item, page.domain)
    _next(page)
    if page.domain is not None:
        with st.expander("Change decision"):
            _change(page, page.domain)


def before(page: Shown) -> None:
    """Draw what was decided on an open case before files were added to it."""
    if not page.decisions:
        return
    title = words.disposition(page.domain, page.decisions[-1].disposition)
    with st.container(key="caution-before"):
        with st.container(key="strong-before"):
            st.text(f"Decided before: {title}; new files came in. Look at them and decide again.")
        for item in reversed(page.decisions):
            _decision(item, page.domain)


def _decision(item: Decision, domain: Domain | None) -> None:
    st.text(words.decided(item, domain))
    for act in item.acts:
        st.text(f"{words.finding(domain, act.label)}: {words.ACTS[act.act]}")
    if item.reason:
        st.text(f"Reason: {item.reason}")


def _next(page: Shown) -> None:
    pressed = st.button(
        "Next case",
        key="next",
        icon=":material/play_arrow:",
        shortcut=shortcuts.NEXT,
        disabled=not session.reviewer(),
    )
    if pressed:
        turn.go_on(turn.domain_or(page.case.domain))


def _change(page: Shown, domain: Domain) -> None:
    """No keys here: what stands is changed on purpose, and with a reason."""
    titles = {x.code: words.label(x.title) for x in domain.dispositions}
    chosen = st.radio(
        "New decision",
        list(titles),
        format_func=lambda x: titles[x],
        index=None,
        horizontal=True,
        key=f"amend:{page.case.id}:{len(page.decisions)}",
    )
    st.text_area(
        "Why it changes",
        key=drafts.reason_key(page),
        height=68,
        max_chars=drafts.LONGEST_REASON,
        on_change=drafts.save,
        args=(page,),
    )
    st.caption("The earlier decision stays on record; this one is added to it.")
    if st.button("Store the change", key="amend", type="primary"):
        _store(page, chosen)


def _store(page: Shown, chosen: str | None) -> None:
    if chosen is None or not drafts.reason(page) or not session.reviewer():
        what = "A change needs a new decision, a reason and your name."
        session.notify(Notice(what, good=False))
    else:
        decision.store(page, chosen)
    st.rerun()
