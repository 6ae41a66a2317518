"""Which figures the dashboard has: rows, a chart of them or why there is none, a table, a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from secondlook.domain import Domain
from secondlook_ui import dashboard_charts as charts
from secondlook_ui import shortcuts, words
from secondlook_workflows.agreement import NO_LOOKS, NO_PAIRS
from secondlook_workflows.figures import (
    control,
    csv_text,
    differing,
    drifting,
    flow,
    reliability,
)
from secondlook_workflows.figures.dashboard import Dashboard
from secondlook_workflows.figures.reviewed import Row
from secondlook_workflows.resampling import LEAST_GROUPS

NO_DAY = "No day has enough cases to be compared with the limits: they are for the eye alone."
SHARES = ("share", "low", "high", "cumulative", "centre", "held", "said")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure as it is drawn."""

    rows: Sequence[Row]
    chart: Callable[[Sequence[Row]], Any] | None = None
    instead: str | None = None
    """Why no chart is drawn."""
    notes: tuple[str, ...] = ()
    tables: dict[str, Sequence[Row]] = field(default_factory=dict)
    """Further tables by their titles."""


def show(found: Dashboard, domain: Domain) -> None:
    """Draw the figure that is chosen."""
    name = st.segmented_control(
        "Figure",
        list(FIGURES),
        default=next(iter(FIGURES)),
        required=True,
        key="figure",
        bind="query-params",
        label_visibility="collapsed",
    )
    figure = FIGURES[name](found, domain)
    for note in figure.notes:
        st.caption(note)
    if figure.instead is not None:
        st.info(figure.instead)
    elif figure.chart is not None:
        st.altair_chart(
            figure.chart(figure.rows),
            width="stretch",
            key=f"chart-{name}",
            alt=f"{name}: table below",
        )
    if not figure.rows:
        return
    _table(figure.rows, key=f"table-{name}")
    _download(name, domain, figure.rows)
    for title, rows in figure.tables.items():
        st.text(title)
        _table(rows, key=f"table-{name}-{title}")


def _table(rows: Sequence[Row], *, key: str) -> None:
    shown = {
        x: st.column_config.NumberColumn(charts.title(x), format=_format(x))
        if any(isinstance(row[x], int | float) for row in rows)
        else st.column_config.TextColumn(charts.title(x))
        for x in rows[0]
    }
    st.dataframe(list(rows), column_config=shown, hide_index=True, width="stretch", key=key)


def _format(name: str) -> str | None:
    if name in SHARES:
        return "percent"
    return "%.0f" if name.endswith("_minutes") else None


def _download(name: str, domain: Domain, rows: Sequence[Row]) -> None:
    st.download_button(
        "Save the table (CSV)",
        csv_text.written(rows),
        file_name=f"{domain.name}-{name.lower().replace(' ', '-')}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        shortcut=shortcuts.SAVE_TABLE,
        key="save-table",
    )


def _throughput(found: Dashboard, domain: Domain) -> Figure:
    rows: list[Row] = [
        {**x, "outcome": words.disposition(domain, str(x["outcome"]))}
        for x in flow.throughput(found.cases)
    ]
    return Figure(rows=rows, chart=charts.throughput)


def _waiting(found: Dashboard, domain: Domain) -> Figure:
    targets = flow.targets(found.cases)
    limited = any(x["target_minutes"] is not None for x in targets)
    note = "" if limited else "No band of this domain has a longest wait, so there is no target."
    return Figure(
        rows=flow.waiting(found.cases),
        chart=charts.waiting,
        notes=(note,) if note else (),
        tables={"Against the target of the band that a case began in": targets} if limited else {},
    )


def _overrides(found: Dashboard, domain: Domain) -> Figure:
    rows = _labelled(differing.overrides(found.agreement), domain)
    groups = differing.groups(found.agreement)
    return Figure(
        rows=rows,
        chart=lambda x: charts.shares(x, "another outcome than recommended (95 % interval)"),
        instead=None if rows else f"{NO_LOOKS.capitalize()}.",
        notes=(differing.ONE_PERSON,) if rows and groups is None else (),
        tables={"By role of who decided": groups} if groups else {},
    )


def _discrepancy(found: Dashboard, domain: Domain) -> Figure:
    rows = _labelled(differing.discrepancy(found.agreement), domain)
    drawn = any(x["share"] is not None for x in rows)
    return Figure(
        rows=rows,
        chart=lambda x: charts.shares(x, "rejected or changed, of those shown (95 % interval)"),
        instead=None if drawn else "No first look of this time showed a finding.",
    )


def _readers(found: Dashboard, domain: Domain) -> Figure:
    rows = differing.readers(found.agreement)
    pairs = found.agreement.readers.pairs
    few = (
        f"{pairs} cases were read by two people: too few for intervals, which take {LEAST_GROUPS}."
    )
    return Figure(
        rows=rows,
        chart=charts.readers,
        instead=None if rows else f"{NO_PAIRS.capitalize()}.",
        notes=(few,) if 0 < pairs < LEAST_GROUPS else (),
    )


def _pareto(found: Dashboard, domain: Domain) -> Figure:
    rows = _labelled(control.pareto(found.cases), domain)
    return Figure(
        rows=rows,
        chart=charts.pareto,
        instead=None if rows else "No finding holds by the decisions of this time.",
    )


def _p_chart(found: Dashboard, domain: Domain) -> Figure:
    rows = control.p_chart(found.cases)
    said = "Share of cases with a finding that holds, by day; limits at three sigma."
    return Figure(
        rows=rows,
        chart=charts.p_chart,
        instead=control.too_few(found.cases),
        notes=(said,) if any(x["state"] != control.FEW for x in rows) else (said, NO_DAY),
    )


def _calibration(found: Dashboard, domain: Domain) -> Figure:
    rows = reliability.calibration(found.cases)
    wrong = reliability.error(rows)
    said = "Of findings that were shown with a calibrated probability and ruled on"
    return Figure(
        rows=rows,
        chart=charts.calibration,
        instead=reliability.too_few(found.cases),
        notes=(said + ("." if wrong is None else f"; expected calibration error {wrong:.3f}."),),
    )


def _drift(found: Dashboard, domain: Domain) -> Figure:
    few = drifting.too_few(found.cases)
    said = (
        f"The earlier half of the cases against the later one; “changed” means p < {drifting.SURE}."
    )
    return Figure(
        rows=() if few else drifting.drift(found.cases), instead=few, notes=() if few else (said,)
    )


def _labelled(rows: Sequence[Row], domain: Domain) -> list[Row]:
    return [{**x, "label": words.finding(domain, str(x["label"]))} for x in rows]


FIGURES: dict[str, Callable[[Dashboard, Domain], Figure]] = {
    "Throughput": _throughput,
    "Waiting": _waiting,
    "Overrides": _overrides,
    "Discrepancy": _discrepancy,
    "Agreement": _readers,
    "Pareto": _pareto,
    "p-chart": _p_chart,
    "Calibration": _calibration,
    "Drift": _drift,
}
