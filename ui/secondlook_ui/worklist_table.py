"""The table of the worklist: one line a case, opened by a click or ticked to act on several."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from secondlook.domain import Domain
from secondlook.store.worklist import CaseSummary
from secondlook_ui import routes, words
from secondlook_ui.worklist_lists import WHY
from secondlook_workflows import standing
from secondlook_workflows.standing import Line

NOT_LOADED = "its plugin is not loaded"
OPTIONAL = ("Product", "Band", "Score", "Decided", "Waiting", "Why", "Held by", "For leads")
"""Columns that are left out where they would be empty."""
WIDTHS = {
    "Title": 142, "Band": 97, "Waiting": 88, "For leads": 110, "Why": 200, "First look": 196,
    "Recommended": 104, "Decided": 104, "Held by": 108, "Product": 64, "Domain": 118,
}  # fmt: skip
"""Pixels. Down to `Recommended` they fit beside the sidebar in a window of 1280, and all of them
without it; a cell tells the rest of its text when the mouse rests on it."""


def show(
    found: Sequence[Line], domains: dict[str, Domain], *, one_domain: bool, ticking: bool
) -> tuple[CaseSummary, ...]:
    """Draw the lines; what is ticked of them."""
    lines = [_line(x, domains.get(x.row.domain)) for x in found]
    hidden = {x for x in OPTIONAL if all(y[x] in ("", None) for y in lines)}
    hidden |= {"Domain"} if one_domain or len(domains) < 2 else set()
    event = st.dataframe(
        lines,
        hide_index=True,
        placeholder="",
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
        selection_mode=["multi-row"] if ticking else ["single-row", "single-cell"],
        height=min(38 + 35 * len(lines), 248 if ticking else 460),
        key="ticked" if ticking else "rows",
    )
    chosen = [*event.selection.rows, *(row for row, _ in event.selection.cells)]
    rows = tuple(found[x].row for x in chosen if x < len(found))
    if rows and not ticking:
        routes.open_case(rows[0].id)
    return rows


def _line(line: Line, domain: Domain | None) -> dict[str, str | float | None]:
    row = line.row
    held = f"{row.held_by} until {words.until(row.held_until)}" if row.held_until else ""
    return {
        "Title": row.title,
        "Band": line.band or "",
        "Waiting": standing.span(datetime.now(UTC) - row.since) if not row.decided else "",
        "For leads": WHY.get(row.stage, "") if row.stage else "",
        "Why": line.why,
        "First look": words.first_look(row) if domain else NOT_LOADED,
        "Recommended": words.disposition(domain, row.recommended),
        "Decided": words.disposition(domain, row.decided),
        "Score": line.score,
        "Held by": held,
        "Product": row.product or "",
        "Domain": domain.title if domain else row.domain,
    }
