"""The charts of the dashboard, from the rows that its tables and files hold as well.

Drawn by Vega in the browser from our own origin: Streamlit has it walk through expressions instead
of compiling them, which our content security policy would refuse. Shapes and words say what colours
say.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from secondlook_workflows.figures.control import FEW, IN, OUTSIDE
from secondlook_workflows.figures.reviewed import Row

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 300
STATES = (IN, OUTSIDE, FEW)
SHAPES = ("circle", "triangle-up", "cross")
GREY = "#7a7a7a"
"""Reads on light and on dark."""
TONES = ("#1f7a8c", "#d1495b", GREY)
LONGEST_LABEL = 260


def throughput(rows: Sequence[Row]) -> "alt.Chart":
    """Decided a day, a line for each outcome."""
    import altair as alt

    return _lines(rows, "outcome", alt.Y("decided:Q", title="decided a day", axis=_whole()))


def waiting(rows: Sequence[Row]) -> "alt.Chart":
    """Median and p95 of the wait, in hours."""
    import altair as alt

    told = [
        {
            "day": x["day"],
            "figure": title,
            "hours": float(x[name] or 0) / 60,
            "decided": x["decided"],
        }
        for x in rows
        for title, name in (("median", "median_minutes"), ("95th percentile", "p95_minutes"))
    ]
    return _lines(told, "figure", alt.Y("hours:Q", title="hours waited"))


def shares(rows: Sequence[Row], title: str) -> "alt.LayerChart | alt.FacetChart":
    """A share for each label, with its interval."""
    import altair as alt

    base = _of([x for x in rows if x["share"] is not None])
    y = alt.Y("label:N", sort=None, title=None, axis=_words())
    x = alt.X("share:Q", title=title, axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    tips = _tips(rows, share="share", low="share", high="share")
    bars = base.mark_rule(strokeWidth=2, color=GREY).encode(
        y=y, x=alt.X("low:Q", title=title), x2="high:Q", tooltip=tips
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(y=y, x=x, tooltip=tips)
    return alt.layer(bars, points).properties(height=alt.Step(34))


def readers(rows: Sequence[Row]) -> "alt.LayerChart | alt.FacetChart":
    """Agreement and kappas with their intervals."""
    import altair as alt

    base = _of([x for x in rows if x["value"] is not None])
    y = alt.Y("figure:N", sort=None, title=None, axis=_words())
    x = alt.X("value:Q", title="agreement (1 is perfect, kappa 0 is chance)")
    tips = _tips(rows, value="value", low="value", high="value")
    bars = base.mark_rule(strokeWidth=2, color=GREY).encode(
        y=y, x=alt.X("low:Q"), x2="high:Q", tooltip=tips
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(y=y, x=x, tooltip=tips)
    return alt.layer(bars, points).properties(height=alt.Step(44))


def pareto(rows: Sequence[Row]) -> "alt.LayerChart | alt.FacetChart":
    """Findings that hold, the most frequent first."""
    import altair as alt

    told = [
        {**x, "said": f"{x['findings']}, together {float(x['cumulative'] or 0):.0%}"} for x in rows
    ]
    base = _of(told).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=_words()),
        x=alt.X("findings:Q", title="findings that hold", axis=_whole()),
        tooltip=_tips(rows, cumulative="share"),
    )
    words = base.mark_text(align="left", dx=6, color=GREY).encode(text="said:N")
    return alt.layer(base.mark_bar(), words).properties(height=alt.Step(30))


def p_chart(rows: Sequence[Row]) -> "alt.LayerChart | alt.FacetChart":
    """The share a day between its limits; a triangle lies outside."""
    import altair as alt

    base = _of(list(rows))
    tips = _tips(rows, share="share", centre="share", low="share", high="share")
    layers = [
        base.mark_line(interpolate="step", strokeDash=dash, opacity=0.7, color=GREY).encode(
            x=_day(), y=alt.Y(f"{name}:Q", title="cases with a finding", axis=alt.Axis(format="%"))
        )
        for name, dash in (("low", [6, 4]), ("high", [6, 4]), ("centre", [1, 0]))
    ]
    layers.append(base.mark_line(opacity=0.6).encode(x=_day(), y="share:Q"))
    known = [x for x in STATES if any(y["state"] == x for y in rows)]
    places = [STATES.index(x) for x in known]
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=_day(),
        y="share:Q",
        tooltip=tips,
        shape=_scaled(alt.Shape("state:N", title=None), known, [SHAPES[i] for i in places]),
        color=_scaled(alt.Color("state:N", title=None), known, [TONES[i] for i in places]),
    )
    return alt.layer(*layers, points).properties(height=HEIGHT)


def calibration(rows: Sequence[Row]) -> "alt.LayerChart | alt.FacetChart":
    """What was said against what held; on the line they are the same."""
    import altair as alt

    base = _of(list(rows))
    ends = _of([{"said": 0, "held": 0}, {"said": 1, "held": 1}])
    x = alt.X("said:Q", title="calibrated probability said", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("held:Q", title="share that held", scale=alt.Scale(domain=[0, 1]))
    tips = _tips(rows, said="share", held="share", low="share", high="share")
    line = ends.mark_line(strokeDash=[6, 4], color=GREY).encode(x=x, y=y)
    bars = base.mark_rule(strokeWidth=2, color=GREY).encode(
        x=x, y=alt.Y("low:Q", title=""), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y, tooltip=tips)
    return alt.layer(line, bars, points).properties(height=HEIGHT)


def _lines(rows: Sequence[Row], by: str, y: "alt.Y") -> "alt.Chart":
    import altair as alt

    base = _of(list(rows))
    legend = alt.Legend(orient="top", title=None, labelLimit=200, symbolStrokeWidth=0)
    chart: alt.Chart = (
        base.mark_line(point=alt.OverlayMarkDef(size=70, filled=True))
        .encode(
            x=_day(),
            y=y,
            color=alt.Color(f"{by}:N", legend=legend),
            shape=alt.Shape(f"{by}:N", legend=legend),
            strokeDash=alt.StrokeDash(f"{by}:N", legend=None),
            tooltip=_tips(rows, hours="number"),
        )
        .properties(height=HEIGHT)
    )
    return chart


def _of(rows: Sequence[Mapping[str, Any]]) -> "alt.Chart":
    """A chart with these rows in it: nothing is fetched."""
    import altair as alt

    return alt.Chart(alt.InlineData(values=list(rows)))


def _day() -> "alt.X":
    import altair as alt

    return alt.X("day:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy"))


def _whole() -> "alt.Axis":
    import altair as alt

    return alt.Axis(format="d", tickMinStep=1)


def _words() -> "alt.Axis":
    import altair as alt

    return alt.Axis(labelLimit=LONGEST_LABEL)


def _scaled(channel: "alt.Shape | alt.Color", domain: list[str], range: list[str]) -> object:
    import altair as alt

    return channel.scale(alt.Scale(domain=domain, range=range)).legend(orient="top")


def _tips(rows: Sequence[Row], **formats: str) -> "list[alt.Tooltip]":
    """Every value of a row, named as in the table."""
    import altair as alt

    given = {"share": ".1%", "value": ".2f", "number": ".1f"}
    names = list(rows[0]) if rows else []
    return [
        alt.Tooltip(f"{x}:Q", title=title(x), format=given[formats[x]])
        if x in formats
        else alt.Tooltip(f"{x}:N", title=title(x))
        for x in names
    ]


def title(name: str) -> str:
    """A column's name for people."""
    return name.replace("_", " ")
