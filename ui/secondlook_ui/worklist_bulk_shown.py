"""What an act on several cases would do, and what it did: text from outside, so only plain text."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from secondlook.domain import Domain
from secondlook_workflows.bulk import Item, Preview, Report

SHOWN = 300
"""Pixels of a table at most."""


def preview(made: Preview, domains: dict[str, Domain]) -> None:
    """Which cases it is done to, which are left out, and why."""
    with st.container(key="strong-bulk"):
        st.text(f"{_cases(len(made.rows))}{_left(made.left)}")
    chosen = [
        {"Title": x.title, "Domain": _domain(x.domain, domains), "Product": x.product or ""}
        for x in made.rows
    ]
    both = bool(chosen and made.left)
    here, there = st.columns(2) if both else (st.container(), st.container())
    if chosen:
        here.dataframe(chosen, hide_index=True, height=_height(len(chosen)), key="bulk-chosen")
    if made.left:
        _table(there, made.left, "Left out, as", "bulk-left")


def report(title: str, made: Report) -> None:
    """How many it was done to, and which refused."""
    refused = f", {len(made.refused)} refused" if made.refused else ""
    with st.container(key="strong-bulk-report"):
        st.text(f"{title}: done for {_cases(len(made.done))}{refused}.")
    if made.job is not None:
        st.text("Queued. A worker takes the first looks; it runs with `secondlook work`.")
    if made.refused:
        _table(st.container(), made.refused, "Refused, as", "bulk-refused")


def _left(left: Sequence[Item]) -> str:
    """`; 3 left out: Bert holds it (2), it is decided`."""
    if not left:
        return ""
    counted = Counter(x.why for x in left).most_common()
    said = ", ".join(f"{why} ({n})" if n > 1 else why for why, n in counted)
    return f"; {len(left)} left out: {said}"


def _table(
    place: "st.delta_generator.DeltaGenerator", items: Sequence[Item], why: str, key: str
) -> None:
    lines = [{"Title": x.title, why: x.why} for x in items]
    place.dataframe(lines, hide_index=True, height=_height(len(lines)), key=key)


def _height(lines: int) -> int:
    return min(38 + 35 * lines, SHOWN)


def _cases(count: int) -> str:
    return f"{count} case" if count == 1 else f"{count} cases"


def _domain(name: str, domains: dict[str, Domain]) -> str:
    domain = domains.get(name)
    return domain.title if domain else name
