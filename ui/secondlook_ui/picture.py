"""The pictures of a case: chooser and slices; `overlay` says what lies over them."""

import streamlit as st

from secondlook.cases import Attachment, Role
from secondlook.errors import SecondlookError
from secondlook_ui import images, measured, overlay
from secondlook_ui.images import Layers
from secondlook_ui.shown import Shown

PILLS = 8
"""Up to so many pictures have a button each; more get a slider."""


def show(page: Shown, *, machine: bool) -> None:
    """Draw the chosen picture; with what the machine marked if `machine`."""
    pictures = page.case.images()
    if not pictures:
        st.info("This case has no picture.")
        return
    place = st.container(key="picture")
    chosen = pictures[_choose(len(pictures), page.case.id)]
    frame = _frame(chosen)
    standing = frame == images.standing_frame(chosen)
    layers = overlay.layers(page, chosen) if machine and standing else Layers()
    if machine and not standing and page.map(chosen.sha256) is not None:
        st.caption(f"The map belongs to slice {images.standing_frame(chosen) + 1}.")
    with place:
        _draw(chosen, frame, layers)
    if machine:
        measured.show(page, chosen)


def _draw(chosen: Attachment, frame: int, layers: Layers) -> None:
    try:
        st.image(images.encoded(chosen, frame, layers), width="stretch", alt="picture of the case")
    except SecondlookError as error:
        st.warning("This picture cannot be shown.")
        st.text(f"{chosen.name}: {error}")


def _choose(count: int, case_id: str) -> int:
    if count == 1:
        return 0
    key = f"picture:{case_id}"
    if count > PILLS:
        return int(st.slider("Picture", 1, count, key=key)) - 1
    chosen = st.segmented_control(
        "Picture",
        range(count),
        format_func=lambda x: f"Picture {x + 1}",
        default=0,
        required=True,
        label_visibility="collapsed",
        key=key,
    )
    return chosen or 0


def _frame(chosen: Attachment) -> int:
    count = images.frames(chosen)
    if count == 1:
        return 0
    word = "Slice" if chosen.role is Role.VOLUME else "Page"
    standing = images.standing_frame(chosen) + 1
    return (
        int(st.slider(f"{word} of {count}", 1, count, standing, key=f"frame:{chosen.sha256}")) - 1
    )
