"""The audit trail for leads and owners: search, verification in plain words, the rows as a file."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from secondlook.accounts.actor import ANY, Actor, Permission
from secondlook.store.audit import AuditEvent, AuditFilter, AuditReport
from secondlook_ui import session, shortcuts, words
from secondlook_workflows import verify_audit
from secondlook_workflows.figures import csv_text
from secondlook_workflows.figures.reviewed import Row

MOST = 1000
EVERY = "any act"
SPANS: dict[str, int | None] = {"any time": None, "last 24 hours": 1, "last 7 days": 7}
SPANS |= {"last 30 days": 30, "last 365 days": 365}
SHORTEST_ID = 4
"""So many characters of the id of a case are enough to look for it."""


def show() -> None:
    """Draw the page."""
    session.let_go()
    found = session.actor()
    if not found.may_anywhere(Permission.AUDIT):
        session.must(Permission.AUDIT)
    _verification(found)
    filter = _filter(found)
    with session.workspace().database.read() as unit:
        events = unit.audit.search(filter, MOST + 1)
    rows = [_row(x) for x in events[:MOST]]
    if not rows:
        st.info("No event fits. Leave a field empty to search more widely.")
        return
    more = f"The latest {MOST:,} are shown; there are more." if len(events) > MOST else ""
    st.caption(more or f"{len(rows):,} events, the newest first.")
    widths = {"about": st.column_config.TextColumn(width="medium")}
    widths |= {"details": st.column_config.TextColumn(width="large")}
    st.dataframe(
        rows, column_config=widths, hide_index=True, width="stretch", height=380, key="events"
    )
    st.download_button(
        "Save the events (CSV)",
        csv_text.written(rows),
        file_name="audit.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        shortcut=shortcuts.SAVE_TABLE,
        key="save-events",
    )


def _filter(found: Actor) -> AuditFilter:
    """What is asked for; of their own domains alone where somebody is no lead of all."""
    first, second, third, fourth = st.columns(4, vertical_alignment="bottom")
    case = first.text_input("Case (id or its beginning)", key="audit-case", max_chars=80).strip()
    person = second.text_input("Person (whole name)", key="audit-person", max_chars=80).strip()
    acts = _acts() if found.may(Permission.AUDIT) else ()
    act = third.selectbox("Act", [EVERY, *acts], format_func=_plain, key="audit-act")
    days = SPANS[fourth.selectbox("Time", list(SPANS), key="audit-time")]
    own = None if found.may(Permission.AUDIT) else frozenset(_led(found))
    if case and len(case) < SHORTEST_ID:
        st.caption(f"Give {SHORTEST_ID} characters of the id or more.")
    return AuditFilter(
        reader=found.name,
        chain=case if len(case) >= SHORTEST_ID else None,
        actor=person or None,
        action=None if act == EVERY else act,
        since=None if days is None else datetime.now(UTC) - timedelta(days=days),
        domains=own,
    )


def _acts() -> tuple[str, ...]:
    """Every kind of act, as of when this page was first opened: it takes a look at all events."""
    known: tuple[str, ...] | None = st.session_state.get("audit-acts")
    if known is None:
        with session.workspace().database.read() as unit:
            known = unit.audit.acts()
        st.session_state["audit-acts"] = known
    return known


def _led(found: Actor) -> list[str]:
    return [x for x in found.grants if x != ANY and found.may(Permission.AUDIT, x)]


def _row(event: AuditEvent) -> Row:
    """One event; not its number, which would tell that others are held back."""
    return {
        "when": f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}",
        "who": event.actor,
        "act": _plain(event.action),
        "about": event.chain,
        "details": "; ".join(f"{x}: {y}" for x, y in event.body.items() if y is not None),
    }


def _plain(action: str) -> str:
    return action.replace(".", " ").replace("_", " ")


def _verification(found: Actor) -> None:
    text, button = st.columns([5, 2], vertical_alignment="center")
    pressed = button.button(
        "Verify the trail",
        key="verify",
        icon=":material/verified_user:",
        width="stretch",
        shortcut=shortcuts.VERIFY,
        disabled=not found.may(Permission.AUDIT),
    )
    if pressed:
        with st.spinner("Reading every event"):
            acting = session.acting(Permission.AUDIT)
            report = verify_audit.run(verify_audit.VerifyConfig(), acting)
        st.session_state["verified"] = (datetime.now(UTC), report)
    with text.container(key="strong-verified"):
        st.text(_said())
    _, report = st.session_state.get("verified", (None, None))
    if report is not None and report.problems:
        _problems(report)


def _said() -> str:
    """What the last verification found, in words."""
    at, report = st.session_state.get("verified", (None, None))
    if at is None:
        return "Not verified in this session. Verifying reads every event; nothing is changed."
    read = f"{report.events:,} events in {report.chains:,} chains"
    if not report.problems:
        return (
            f"Verified {words.clock(at, seconds=True)}: {read}. Nothing was changed, removed or "
            "put in since it was written."
        )
    count = len(report.problems)
    places = "1 place does" if count == 1 else f"{count:,} places do"
    return f"Verified {words.clock(at, seconds=True)}: {read}. {places} not add up."


def _problems(report: AuditReport) -> None:
    st.error(
        "Somebody or something changed the record behind the program's back. Stop deciding the "
        "cases below, keep a copy of the database as it is, and tell whoever runs it."
    )
    rows = [
        {"about": x.chain, "event": x.seq, "what is wrong": x.what} for x in report.problems[:MOST]
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key="problems")
