"""Why a case is decided so: reasons from the domain's closed list, and how severe it is."""

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from secondlook.decisions import Decision
from secondlook.domain import Domain
from secondlook.second_reads import differs
from secondlook_ui import drafts, session, shortcuts, words, workbench
from secondlook_ui.shown import Shown


def show_way(page: Shown, domain: Domain) -> None:
    """The button that opens the form, with how much was chosen."""
    if not domain.reasons and not domain.severities:
        return
    now = drafts.entered(page)
    chosen = len(now.reason_codes) + (now.severity is not None)
    st.button(
        f"Reasons ({chosen})" if chosen else "Reasons",
        key="why",
        shortcut=shortcuts.WHY if workbench.opened(page) != workbench.WHY else None,
        on_click=workbench.toggle,
        args=(page, workbench.WHY),
    )


def show(page: Shown, domain: Domain) -> None:
    """Draw the form."""
    now = drafts.entered(page)
    workbench.head(page, "Why it is decided so", shortcuts.WHY)
    if domain.severities:
        grades = {x.code: words.label(x.title) for x in domain.severities}
        severity = _key(page, "severity")
        st.session_state.setdefault(severity, now.severity if now.severity in grades else None)
        st.pills(
            "Severity of the case",
            list(grades),
            format_func=lambda x: grades[x],
            key=severity,
            on_change=_keep,
            args=(page,),
        )
    if domain.reasons:
        known = {
            x.code: words.label(_title(x.title, x.dispositions, domain)) for x in domain.reasons
        }
        chosen = _key(page, "reasons")
        st.session_state.setdefault(chosen, [x for x in now.reason_codes if x in known])
        st.pills(
            "Reasons",
            list(known),
            format_func=lambda x: known[x],
            selection_mode="multi",
            key=chosen,
            on_change=_keep,
            args=(page,),
        )


def problem(page: Shown, domain: Domain, disposition: str) -> str:
    """What the reasons lack for this outcome, in words; empty where nothing is wrong."""
    now, said = drafts.entered(page), drafts.reason(page)
    title = words.disposition(domain, disposition)
    for reason in domain.reasons:
        if reason.code in now.reason_codes:
            if reason.dispositions and disposition not in reason.dispositions:
                return f"The reason “{reason.title}” does not go with {title}."
            if reason.comment and not said:
                return f"The reason “{reason.title}” needs words beside it."
    if domain.discrepancy_unexplained or said or now.reason_codes:
        return ""
    return (
        f"{title} is not what the first look says: choose a reason, or write one."
        if _differs(page, disposition)
        else ""
    )


def fitting(page: Shown, domain: Domain, disposition: str) -> tuple[str, ...]:
    """Of the chosen reasons those that go with an outcome: a changed decision keeps no others."""
    fits = {x.code for x in domain.reasons if not x.dispositions or disposition in x.dispositions}
    return tuple(x for x in drafts.entered(page).reason_codes if x in fits)


def _differs(page: Shown, disposition: str) -> bool:
    said = Decision(
        id="",
        case_id=page.case.id,
        reviewer=session.reviewer(),
        disposition=disposition,
        decided_at=datetime.now(UTC),
        acts=drafts.entered(page).acts,
    )
    return differs(page.assessment, said)


def _title(title: str, dispositions: tuple[str, ...], domain: Domain) -> str:
    """With the outcomes that it goes with, where it does not go with all."""
    if not dispositions:
        return title
    return f"{title} ({', '.join(words.disposition(domain, x) for x in dispositions)})"


@session.careful
def _keep(page: Shown) -> None:
    codes = st.session_state.get(_key(page, "reasons")) or ()
    severity = st.session_state.get(_key(page, "severity"))
    now = replace(drafts.entered(page), reason_codes=tuple(codes), severity=severity)
    drafts.put(page, now)


def _key(page: Shown, field: str) -> str:
    return f"why:{drafts.act_name(page)}:{field}"
