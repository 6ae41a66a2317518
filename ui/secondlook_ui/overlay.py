"""What lies over a picture: boxes and one of the maps, as the reviewer sets it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from secondlook.cases import Attachment
from secondlook.evidence import AnomalyMap
from secondlook_ui import colour, images, look, words
from secondlook_ui.colour import Span
from secondlook_ui.images import Layers
from secondlook_ui.shown import Shown

OPACITY = 60


def layers(page: Shown, chosen: Attachment) -> Layers:
    """Draw the controls for one picture; what they ask for."""
    regions, maps = page.regions(chosen.sha256), page.maps(chosen.sha256)
    if not regions and not maps:
        return Layers()
    row = st.container(horizontal=True, vertical_alignment="center", key="overlay")
    boxes = bool(regions) and row.toggle("Boxes", value=True, key="boxes")
    regions = regions if boxes else ()
    known = [x for x in maps if _span(page, x) is not None]
    if len(known) < len(maps):
        row.caption("The map of unusual places is not shown: its threshold is not known.")
    at_once = look.reveals_at_once(page.domain)
    if not known or not row.toggle("Map", value=at_once, key="map"):
        return Layers(regions)
    with row:
        shown = known[_choose(page, known, chosen)]
    return Layers(regions, shown, _span(page, shown), _strength(page, shown, row, len(known)))


def _strength(page: Shown, shown: AnomalyMap, row: DeltaGenerator, maps: int) -> float:
    """How strongly it covers the picture, as the reviewer set it, beside what its colours mean."""
    if maps > 1:  # the first row is full
        row = st.container(horizontal=True, vertical_alignment="center", key="overlay-more")
    opacity: int = row.slider("Opacity in %", 10, 100, OPACITY, 5, key="opacity", width=150)
    with row.container(key="quiet-legend", width="stretch", gap="xxsmall"):
        st.image(images.encode(colour.legend()), width=180, alt="colour scale of the map")
        st.text(_meaning(page, shown))
    return opacity / 100


def _span(page: Shown, shown: AnomalyMap) -> Span | None:
    """Where its colours begin and end; None for unusual places without a threshold."""
    if shown.label is not None:
        return Span.of_strongest(page.strongest(shown.label))
    return Span.of_threshold(page.map_threshold) if page.map_threshold is not None else None


def _choose(page: Shown, maps: list[AnomalyMap], chosen: Attachment) -> int:
    if len(maps) == 1:
        return 0
    look_id = page.assessment.id if page.assessment else ""
    number = st.segmented_control(
        "Map",
        range(len(maps)),
        format_func=lambda x: words.label(_name(page, maps[x])),
        default=0,
        required=True,
        label_visibility="collapsed",
        key=f"map-of:{look_id}:{chosen.sha256}",
    )
    return number or 0


def _name(page: Shown, shown: AnomalyMap) -> str:
    if shown.label is None:
        return "unusual places"
    return f"what speaks for {words.finding(page.domain, shown.label)}"


def _meaning(page: Shown, shown: AnomalyMap) -> str:
    """The colours in one plain sentence."""
    if shown.label is None:
        return (
            "The brighter, the more unusual: from about the threshold to "
            f"{colour.FULL} times it and more."
        )
    told = f"The brighter, the more it speaks for {words.finding(page.domain, shown.label)}"
    share = page.image_share(shown.label)
    return f"{told}; in all, {words.contribution(share)}." if share else f"{told}."
