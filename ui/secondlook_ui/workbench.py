"""What stands in place of the first look while something is entered: one form at a time.

So the picture, the buttons that decide and the words beside them stay where they are.
"""

import streamlit as st

from secondlook_ui import focus
from secondlook_ui.shown import Shown

FORM = "workbench"
WHY, PASS_ON, RECENT = "why", "pass-on", "recent"
EDIT, ADD = "edit:", "add:"


def opened(page: Shown) -> str | None:
    """Which form is open on this page."""
    case, name = st.session_state.get(FORM, (None, None))
    return name if case == _of(page) else None


def marking(page: Shown) -> bool:
    """Whether a finding is edited or added, and dragging on the picture draws its place."""
    return not page.decided and (opened(page) or "").startswith((EDIT, ADD))


def open_form(page: Shown, name: str | None) -> None:
    """Open one, or none; for callbacks."""
    st.session_state[FORM] = (_of(page), name)


def toggle(page: Shown, name: str) -> None:
    """Open it, or close it where it is open; for callbacks."""
    open_form(page, None if opened(page) == name else name)


def head(page: Shown, title: str, key: str | None = None) -> None:
    """What a form is for, beside the way out of it; one that was typed into has no other."""
    with st.container(horizontal=True, vertical_alignment="center", key="form-head"):
        with st.container(key="strong-form", width="stretch"):
            st.text(title)
        st.button(
            "Done",
            key="form-done",
            icon=":material/check:",
            shortcut=key,
            on_click=open_form,
            args=(page, None),
        )


def take_focus(page: Shown) -> None:
    """Whoever opened it by key types on in it; call it once its fields are drawn."""
    focus.within(f"st-key-{FORM}", opened(page) or "")


def _of(page: Shown) -> tuple[str, int]:
    return page.case.id, page.turn
