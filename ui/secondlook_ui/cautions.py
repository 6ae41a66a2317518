"""What a person has to know of a case whatever the first look says."""

import streamlit as st

from secondlook_ui import session
from secondlook_ui.shown import Shown
from secondlook_workflows import cautions


def show(page: Shown) -> None:
    """Draw them, if there are any; nothing that is withheld is among them."""
    with session.workspace().database.read() as unit:
        found = cautions.of_case(page.case, unit)
    for flag in found:
        with st.container(key=f"caution-case-{flag.code}"):
            st.text(f"Caution: {flag.message}")
