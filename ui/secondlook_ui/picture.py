"""The pictures of a case in the viewer, and what was measured and chosen on them."""

import streamlit as st

from secondlook.assessments import Finding
from secondlook.cases import Attachment
from secondlook.decisions import Area
from secondlook.evidence import Region
from secondlook_ui import heading, measured, typed_place, words, workbench
from secondlook_ui.serving import frames
from secondlook_ui.shown import Shown
from secondlook_ui.viewer import component, marks
from secondlook_ui.viewer.scene import Scene, scene

KEY = "viewer"
CHOSEN, DRAWN = "place", "drawn"


def show(page: Shown, *, machine: bool) -> None:
    """Draw them; with what the machine marked if `machine`."""
    told = scene(page, machine=machine, marking=workbench.marking(page))
    if not told["series"]:
        heading.show(page)
        st.info("This case has no picture.")
        return
    _warm(page, told)
    with st.container(key="picture"):
        pressed = component.mount(told, KEY)
    if pressed.place is not None:
        st.session_state[CHOSEN] = (page.case.id, pressed.place)
    st.session_state[DRAWN] = (page.case.id, pressed.drawn)
    if machine:
        _said(page)


def chosen(page: Shown) -> Region | None:
    """The marked place that the reviewer chose last in this case, where it is still marked."""
    case, number = st.session_state.get(CHOSEN, (None, None))
    return marks.numbered(page).get(number) if case == page.case.id else None


def drawn(page: Shown) -> Area | None:
    """The place that the reviewer drew just now on a picture of this case."""
    case, told = st.session_state.get(DRAWN, (None, None))
    return typed_place.drawn(told, page.case) if told and case == page.case.id else None


def _said(page: Shown) -> None:
    """Which finding the chosen place belongs to, and the measures of all."""
    if marks.unknown(page):
        st.caption("The map of unusual places is not shown: its threshold is not known.")
    region = chosen(page)
    if region is not None:
        with st.container(key="passage-place", gap="xxsmall"):
            for line in _told(page, region):
                st.text(line)
    for attachment in page.case.attachments:
        measured.show(page, attachment)


def _told(page: Shown, region: Region) -> list[str]:
    place = f"Place {page.called(region)}: {marks.size(page, region)}"
    return [place, *(_finding(x) for x in marks.findings(page, region))]


def _finding(finding: Finding) -> str:
    return ", ".join(x for x in (finding.title, words.strength(finding)) if x)


def _warm(page: Shown, told: Scene) -> None:
    """The first frame is read while the page is still on its way to the browser."""
    first = told["series"][told["first"]]
    file, frame = first["slices"][first["start"]]
    attachment: Attachment = page.case.attachments[file]
    frames.warm(attachment, frame)
