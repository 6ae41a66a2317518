"""The clauses of a manual that were held against a finding: the deciding one first."""

import streamlit as st

from secondlook.domain import Domain
from secondlook.evidence import Evidence, Ruling
from secondlook_ui import words

MOST = 30
"""Further clauses that are drawn; the rest are counted."""


def show_deciding(domain: Domain | None, evidence: tuple[Evidence, ...], place: str) -> None:
    """Draw the one that decides; `place` names the finding within the page."""
    for number, ruling in enumerate(x for x in _rulings(evidence) if x.decides):
        _draw(domain, ruling, f"{place}-decides-{number}")


def show_others(domain: Domain | None, evidence: tuple[Evidence, ...], place: str) -> None:
    """Draw those that do not decide, folded."""
    found = _rulings(evidence)
    others = [x for x in found if not x.decides]
    if not others:
        return
    with st.expander(
        f"{'Other clauses' if len(others) < len(found) else 'Clauses'} ({len(others)})"
    ):
        for number, ruling in enumerate(others[:MOST]):
            _draw(domain, ruling, f"{place}-{number}")
        if len(others) > MOST:
            st.caption(f"The first {MOST} of {len(others)} are shown.")


def _rulings(evidence: tuple[Evidence, ...]) -> list[Ruling]:
    return [x for x in evidence if isinstance(x, Ruling)]


def _draw(domain: Domain | None, ruling: Ruling, key: str) -> None:
    with st.container(key=f"passage-ruling-{key}", gap=None):
        with st.container(key=f"strong-ruling-{key}"):
            st.text(words.ruling(domain, ruling))
        st.text(" ".join(ruling.text.split()))
        if said := words.measured(ruling):
            st.text(said)
