"""The worklist: what waits, most urgent first, and the way to the next case."""

import streamlit as st

from secondlook.accounts.actor import ANY, Permission
from secondlook.store.worklist import Counts
from secondlook_ui import (
    intended_use,
    jobs,
    notices,
    session,
    shortcuts,
    similar,
    turn,
    worklist_bulk,
    worklist_filter,
    worklist_lists,
    worklist_next,
    worklist_pages,
    worklist_saved,
    worklist_table,
)
from secondlook_ui.worklist_lists import LEADS, MINE, OPEN, View
from secondlook_workflows import promote, standing

PAGE = 50
EMPTY = {
    OPEN: "Nothing is left to decide here.",
    LEADS: "Nothing waits for a lead: nothing is escalated, and no two reads differ.",
    MINE: "Nothing is handed over to you now.",
}


def show() -> None:
    """Draw the page."""
    session.let_go()
    similar.forget()
    worklist_saved.follow()
    notices.show("worklist")
    known = session.context().plugins.domains
    domains = {x: known[x] for x in session.actor().seen(known)}
    view = worklist_filter.show(domains)
    with session.workspace().database.read() as unit:
        if view.domain is not None:
            intended_use.require(domains.get(view.domain), unit)
    turn.set_domain(view.domain)
    counts = turn.counts(view.domain)
    cursors = worklist_pages.cursors(view)
    promote.attempt(session.context(), batches=1)
    with session.workspace().database.read() as unit:
        page = unit.worklist.page(view.filter, after=cursors[-1], limit=PAGE)
        mine = unit.worklist.handed(session.reviewer(), view.domain)
        lead = view.choice == LEADS
        lines = standing.lines(page.rows, unit, session.context(), lead=lead)
    row = st.columns([9, 5, 5, 5], vertical_alignment="center")
    with row[0].container(key="strong-counts"):
        settles = worklist_lists.settles(view.domain)
        st.text(worklist_lists.sentence(counts, mine=mine, lead=settles))
    with row[1]:
        ticking = worklist_bulk.switch(view)
    with row[2]:
        worklist_saved.show(view, domains)
    with row[3]:
        _next(view)
    if lines:
        one = view.domain is not None
        ticked = worklist_table.show(lines, domains, one_domain=one, ticking=ticking)
        worklist_pages.show(cursors, page.next)
        if ticking:
            worklist_bulk.show(view, ticked, domains)
    else:
        _nothing(view, counts, view.domain or next(iter(domains), "DOMAIN"))
    worklist_bulk.report()
    jobs.show(domain=view.domain)


def _next(view: View) -> None:
    permission = Permission.ADJUDICATE if view.choice == LEADS else Permission.DECIDE
    pressed = st.button(
        "Next case",
        key="next",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        shortcut=shortcuts.NEXT,
        disabled=not session.actor().may(permission, view.domain or ANY),
    )
    if pressed:
        worklist_next.go_on(view)


def _nothing(view: View, counts: Counts, domain: str) -> None:
    if view.search:
        st.info("No title in this list contains these words.")
    elif not sum(counts.by_status.values()):
        st.info("Nothing is waiting. Read files in and take the first look at them with:")
        st.code(f"secondlook run {domain} FOLDER", language=None)
    else:
        st.info(EMPTY.get(view.choice, "Nothing was decided yet."))
