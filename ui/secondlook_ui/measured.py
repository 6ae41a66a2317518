"""What was measured on the places of a picture, one row a place."""

import streamlit as st

from secondlook.cases import Attachment
from secondlook.evidence import Measurement
from secondlook_ui import words
from secondlook_ui.shown import Shown

PIXELS = ("px", "px2")
"""Shown where nothing better is known."""


def show(page: Shown, chosen: Attachment) -> None:
    """Draw the table for one picture; nothing where nothing was measured on it."""
    names = [x.name for x in page.regions(chosen.sha256) if x.name is not None]
    told = table(page.measurements(names))
    if not told:
        return
    with st.expander(f"Measures ({len(told)})", expanded=len(told) <= 3):
        st.dataframe(told, hide_index=True, width="stretch")


def table(found: tuple[Measurement, ...]) -> list[dict[str, str]]:
    """By place, each measure under its name; of two units the one that is no pixels."""
    best: dict[tuple[str, str], Measurement] = {}
    for item in found:
        key = item.region or "", item.name
        if key not in best or best[key].unit in PIXELS:
            best[key] = item
    columns = {name: "" for _, name in best}
    rows: dict[str, dict[str, str]] = {}
    for (place, name), item in best.items():
        row = rows.setdefault(place, {"place": place, **columns})
        row[name] = words.quantity(item)
    return list(rows.values())
