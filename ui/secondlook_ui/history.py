"""What was decided: by whom and why, and the way to change it."""

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.decisions import Decision
from secondlook.domain import Domain
from secondlook.store.audit_described import REOPENED
from secondlook_ui import decided, decision, drafts, session, shortcuts, turn, undo, words
from secondlook_ui.session import Notice
from secondlook_ui.shown import Shown


def show(page: Shown) -> None:
    """Draw the decisions, the standing one first, and the form that amends it."""
    standing = page.decisions[-1]
    with st.container(key="said-standing"), st.container(key="strong-standing"):
        st.text(f"Decided: {words.disposition(page.domain, standing.disposition)}")
    _decision(standing, page)
    earlier = sorted((*page.decisions[:-1], *page.view.reads), key=lambda x: x.decided_at)
    if earlier:
        with st.expander("Earlier decisions"):
            for item in reversed(earlier):
                _decision(item, page)
    _next(page)
    if page.domain is not None and session.actor().may(Permission.DECIDE, page.case.domain):
        with st.expander("Change decision"):
            _change(page, page.domain)


def before(page: Shown) -> None:
    """Draw what this reviewer may see of what was said about an open case."""
    if page.lead:
        both(page)
        return
    said = sorted((*page.decisions, *page.view.reads), key=lambda x: x.decided_at)
    if not said:
        return
    with st.container(key="caution-before", gap="xxsmall"):
        with st.container(key="strong-before"):
            st.text(_open_again(page, said[-1]))
        for item in reversed(said):
            _decision(item, page)


def both(page: Shown) -> None:
    """Draw what was read so far side by side, for the lead who settles it."""
    last = [x for x in page.view.reads if x.id not in page.view.undone][-2:]
    with st.container(key="caution-both", gap="xsmall"):
        with st.container(key="strong-both"):
            st.text("Two reads differ. You settle it." if len(last) > 1 else "Left to the leads.")
        for act in page.view.acts[-2:]:
            if act.reason:
                st.text(f"{act.reviewer}: {act.reason}")
        for read, column in zip(last, st.columns(max(1, len(last)), gap="small"), strict=False):
            with column.container(key=f"passage-read-{read.id[:8]}", gap="xxsmall"):
                with st.container(key=f"strong-read-{read.id[:8]}"):
                    st.text(words.disposition(page.domain, read.disposition))
                with st.container(key=f"quiet-read-{read.id[:8]}"):
                    st.text(f"{read.reviewer}, {words.clock(read.decided_at)}")
                for line in decided.lines(read, page.domain):
                    st.text(line)


def _open_again(page: Shown, last: Decision) -> str:
    """Why the case is open, after what was said of it last."""
    title = words.disposition(page.domain, last.disposition)
    if last.id in page.view.undone:
        return f"Taken back: {title}. The case is open again."
    if not last.how.closes:
        return f"Read: {title}. The case waits for somebody else."
    if any(x.action == REOPENED and x.at >= last.decided_at for x in page.view.events):
        return f"Decided before: {title}; new files came in. Look at them and decide again."
    return f"Decided before: {title}. The case is open again."


def _decision(item: Decision, page: Shown) -> None:
    back = ", taken back" if item.id in page.view.undone else ""
    st.text(words.decided(item, page.domain) + back)
    for line in decided.lines(item, page.domain):
        st.text(line)


def _next(page: Shown) -> None:
    pressed = st.button(
        "Next case",
        key="next",
        icon=":material/play_arrow:",
        shortcut=shortcuts.NEXT,
        disabled=not session.actor().may(Permission.DECIDE, page.case.domain),
    )
    if pressed:
        turn.go_on(turn.domain_or(page.case.domain))
    undo.show_way(page)


def _change(page: Shown, domain: Domain) -> None:
    """No keys here: what stands is changed on purpose, and with a reason."""
    titles = {x.code: words.label(x.title) for x in domain.dispositions}
    chosen = st.radio(
        "New decision",
        list(titles),
        format_func=lambda x: titles[x],
        index=None,
        horizontal=True,
        key=f"amend:{page.case.id}:{page.turn}",
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
    if chosen is None or not drafts.reason(page):
        what = "A change needs a new decision and a reason."
        session.notify(Notice(what, good=False))
    else:
        decision.store(page, chosen)
    st.rerun()
