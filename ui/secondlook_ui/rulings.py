"""The clauses of a manual that were held against a finding: the deciding one first."""

import streamlit as st

from secondlook.domain import Domain
from secondlook.evidence import Evidence, Ruling
from secondlook_ui import words

MOST = 30
"""Further clauses that are drawn; the rest are counted."""


def show(domain: Domain | None, evidence: tuple[Evidence, ...], place: str) -> None:
    """Draw them; `place` names the finding within the page. Only the deciding one is unfolded."""
    found = [x for x in evidence if isinstance(x, Ruling)]
    deciding = [x for x in found if x.decides]
    others = [x for x in found if not x.decides]
    for number, ruling in enumerate(deciding):
        _draw(domain, ruling, f"{place}-decides-{number}")
    if not others:
        return
    with st.expander(f"{'Other clauses' if deciding else 'Clauses'} ({len(others)})"):
        for number, ruling in enumerate(others[:MOST]):
            _draw(domain, ruling, f"{place}-{number}")
        if len(others) > MOST:
            st.caption(f"The first {MOST} of {len(others)} are shown.")


def _draw(domain: Domain | None, ruling: Ruling, key: str) -> None:
    with st.container(key=f"passage-ruling-{key}", gap=None):
        with st.container(key=f"strong-ruling-{key}"):
            st.text(words.ruling(domain, ruling))
        st.text(" ".join(ruling.text.split()))
        if said := words.measured(ruling):
            with st.container(key=f"quiet-ruling-{key}"):
                st.text(said)
