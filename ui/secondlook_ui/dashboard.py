"""The dashboard: one domain, one span of time, one figure at a time with its table and its file."""

import time
from datetime import UTC, datetime, timedelta

import streamlit as st

from secondlook.accounts.actor import Permission
from secondlook.domain import Domain
from secondlook_ui import dashboard_figures, session
from secondlook_workflows.figures import dashboard as verb
from secondlook_workflows.figures.dashboard import Dashboard, DashboardConfig
from secondlook_workflows.figures.rates import quantile
from secondlook_workflows.standing import span

SPANS = {"1": "last 24 hours"} | {x: f"last {x} days" for x in ("7", "30", "90", "365")}
USUAL = "30"
FRESH_SECONDS = 60.0
"""So long the figures stand before they are counted again."""


def show() -> None:
    """Draw the page."""
    session.let_go()
    domains = session.context().plugins.domains
    seen = session.actor().seen(domains)
    if not seen:
        st.info("There is no domain whose figures you may see.")
        return
    domain, days = _choose({x: domains[x] for x in seen})
    session.must(Permission.SEE, domain.name)
    found = _counted(domain.name, days)
    _headline(found)
    if found.partial:
        st.warning(
            f"{found.decided:,} were decided; the figures are of the latest {verb.MOST:,}. "
            "Choose a shorter time to see all of it."
        )
    if not found.cases:
        st.info("Nothing was decided in this time. Choose a longer one, or another domain.")
        return
    dashboard_figures.show(found, domain)


def _choose(domains: dict[str, Domain]) -> tuple[Domain, int]:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = left.selectbox(
        "Domain",
        list(domains),
        format_func=lambda x: domains[x].title if x in domains else x,
        key="of",
        bind="query-params",
        persist_state="session",
    )
    days = right.selectbox(
        "Decided in the",
        list(SPANS),
        index=list(SPANS).index(USUAL),
        format_func=SPANS.__getitem__,
        key="days",
        bind="query-params",
        persist_state="session",
    )
    return domains[name], int(days)


def _counted(domain: str, days: int) -> Dashboard:
    """The figures as of a minute ago at most: each click draws the page again."""
    key = (domain, days, session.reviewer())
    known, at, found = st.session_state.get("dashboard", (None, 0.0, None))
    if known != key or found is None or time.monotonic() - at > FRESH_SECONDS:
        until = datetime.now(UTC)
        config = DashboardConfig(domain=domain, since=until - timedelta(days=days), until=until)
        with st.spinner("Counting"):
            found = verb.run(config, session.context())
        st.session_state["dashboard"] = (key, time.monotonic(), found)
    counted: Dashboard = found
    return counted


def _headline(found: Dashboard) -> None:
    waits = [x.waited.total_seconds() for x in found.cases]
    middle, late = (quantile(waits, x) for x in (0.5, 0.95))
    rate, readers = found.agreement.overrides.override_rate, found.agreement.readers
    held = sum(bool(x.held) for x in found.cases)
    tiles = {
        "Decided": f"{found.decided:,}",
        "Waited, median": _span(middle),
        "Waited, 95 %": _span(late),
        "With a finding": f"{held / len(waits):.0%}" if waits else "–",
        "Overridden": "–" if rate is None else f"{rate:.0%}",
        "Kappa (Cohen)": "–" if readers.cohen_kappa is None else f"{readers.cohen_kappa:.2f}",
    }
    with st.container(key="tiles"):
        for place, (name, value) in zip(st.columns(len(tiles)), tiles.items(), strict=True):
            place.metric(name, value)


def _span(seconds: float | None) -> str:
    return "–" if seconds is None else span(timedelta(seconds=seconds))
