"""The worklist: what waits, most urgent first, and the way to the next case."""

from datetime import UTC, datetime

import streamlit as st

from secondlook.accounts.actor import ANY, Permission
from secondlook.cases import CaseStatus
from secondlook.domain import Domain
from secondlook.store.worklist import OPEN, Counts, Cursor, WorklistFilter
from secondlook_ui import (
    intended_use,
    jobs,
    notices,
    routes,
    session,
    shortcuts,
    similar,
    turn,
    words,
)
from secondlook_workflows import promote, standing
from secondlook_workflows.standing import Line

PAGE = 50
ALL = "all"
SHOWN = {"open": OPEN, "decided": frozenset({CaseStatus.DECIDED}), "all": frozenset(CaseStatus)}
LONGEST_SEARCH = 200
NOT_LOADED = "its plugin is not loaded"
OPTIONAL = ("Product", "Band", "Score", "Decided", "Waiting", "Why", "Held by")
"""Columns that are left out where they would be empty."""
WIDTHS = {
    "Title": 142, "Band": 97, "Waiting": 88, "Why": 200, "First look": 196, "Recommended": 104,
    "Decided": 104, "Held by": 108, "Product": 64, "Domain": 118,
}  # fmt: skip
"""Pixels. Down to `Recommended` they fit beside the sidebar in a window of 1280, and all of them
without it; a cell tells the rest of its text when the mouse rests on it."""


def show() -> None:
    """Draw the page."""
    session.let_go()
    similar.forget()
    notices.show("worklist")
    known = session.context().plugins.domains
    domains = {x: known[x] for x in session.actor().seen(known)}
    filter, domain = _filter(domains)
    with session.workspace().database.read() as unit:
        if domain is not None:
            intended_use.require(domains.get(domain), unit)
    turn.set_domain(domain)
    counts = turn.counts(domain)
    _next(counts, domain)
    cursors = _cursors(filter)
    promote.attempt(session.context(), batches=1)
    with session.workspace().database.read() as unit:
        page = unit.worklist.page(filter, after=cursors[-1], limit=PAGE)
        lines = standing.lines(page.rows, unit, session.context())
    if lines:
        _table(lines, domains, filter)
        _paging(cursors, page.next)
    else:
        _nothing(filter, counts, domain or next(iter(domains), "DOMAIN"))
    jobs.show(domain=domain)


def _filter(domains: dict[str, Domain]) -> tuple[WorklistFilter, str | None]:
    titles = _titles(domains)
    first, second, third = st.columns([2, 2, 3], vertical_alignment="bottom")
    domain = first.selectbox(
        "Domain",
        list(titles),
        format_func=lambda x: titles.get(x, ALL),
        key="domain",
        bind="query-params",
        persist_state="session",
    )
    shown = second.segmented_control(
        "Show",
        list(SHOWN),
        format_func=str.capitalize,
        default="open",
        required=True,
        key="show",
        bind="query-params",
        persist_state="session",
    )
    search = third.text_input(
        "Title contains",
        max_chars=LONGEST_SEARCH,
        key="search",
        type="search",
        bind="query-params",
        persist_state="session",
    )
    chosen = None if domain in (ALL, None) else domain
    return (
        WorklistFilter(domain=chosen, statuses=SHOWN[shown or "open"], search=search or None),
        chosen,
    )


def _titles(domains: dict[str, Domain]) -> dict[str, str]:
    """What may be chosen; all together only where every intended use was acknowledged."""
    locked = intended_use.locked(domains)
    ready = sorted(domains.values(), key=lambda x: x.name in locked)
    titles = {x.name: words.label(x.title) for x in ready}
    # Only whoever has a role in all of them takes the next case from all of them.
    everywhere = session.actor().may(Permission.SEE) and not locked
    return {ALL: "All domains"} | titles if everywhere else titles


def _next(counts: Counts, domain: str | None) -> None:
    text, button = st.columns([5, 2], vertical_alignment="center")
    with text.container(key="strong-counts"):
        st.text(turn.sentence(counts))
    pressed = button.button(
        "Next case",
        key="next",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        shortcut=shortcuts.NEXT,
        disabled=not session.actor().may(Permission.DECIDE, domain or ANY),
    )
    if pressed:
        turn.go_on(domain)


def _cursors(filter: WorklistFilter) -> list[Cursor | None]:
    """Where each page up to this one begins; from the start again when the filter changed."""
    kept: tuple[WorklistFilter, list[Cursor | None]] = st.session_state.get("cursors", (None, []))
    cursors: list[Cursor | None] = kept[1] if kept[0] == filter and kept[1] else [None]
    st.session_state["cursors"] = (filter, cursors)
    return cursors


def _table(found: list[Line], domains: dict[str, Domain], filter: WorklistFilter) -> None:
    lines = [_line(x, domains.get(x.row.domain)) for x in found]
    hidden = {x for x in OPTIONAL if all(y[x] in ("", None) for y in lines)}
    hidden |= {"Domain"} if filter.domain or len(domains) < 2 else set()
    event = st.dataframe(
        lines,
        hide_index=True,
        column_order=[x for x in lines[0] if x not in hidden],
        column_config={
            **{x: st.column_config.TextColumn(width=y) for x, y in WIDTHS.items()},
            "Score": st.column_config.NumberColumn(
                width=60,
                format="%.2f",
                help="Orders cases of one domain and urgency; not a probability.",
            ),
        },
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        height=min(38 + 35 * len(lines), 460),
        key="rows",
    )
    chosen = [*event.selection.rows, *(row for row, _ in event.selection.cells)]
    if chosen and chosen[0] < len(found):
        routes.open_case(found[chosen[0]].row.id)


def _line(line: Line, domain: Domain | None) -> dict[str, str | float | None]:
    row = line.row
    held = f"{row.held_by} until {words.until(row.held_until)}" if row.held_until else ""
    return {
        "Title": row.title,
        "Band": line.band or "",
        "Waiting": standing.span(datetime.now(UTC) - row.since) if not row.decided else "",
        "Why": line.why,
        "First look": words.first_look(row) if domain else NOT_LOADED,
        "Recommended": words.disposition(domain, row.recommended),
        "Decided": words.disposition(domain, row.decided),
        "Score": line.score,
        "Held by": held,
        "Product": row.product or "",
        "Domain": domain.title if domain else row.domain,
    }


def _paging(cursors: list[Cursor | None], following: Cursor | None) -> None:
    if len(cursors) == 1 and following is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Back", key="page-back", disabled=len(cursors) == 1):
            cursors.pop()
            st.rerun()
        st.text(f"Page {len(cursors)}")
        if st.button("Next", key="page-next", disabled=following is None):
            cursors.append(following)
            st.rerun()


def _nothing(filter: WorklistFilter, counts: Counts, domain: str) -> None:
    if filter.search:
        st.info("No title contains these words.")
    elif not sum(counts.by_status.values()):
        st.info("Nothing is waiting. Read files in and take the first look at them with:")
        st.code(f"secondlook run {domain} FOLDER", language=None)
    elif filter.statuses == OPEN:
        st.info("Nothing is waiting: every case is decided.")
    else:
        st.info("Nothing was decided yet.")
