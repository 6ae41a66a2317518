"""Decided cases that look like the open one: small cards, each with the way to it."""

from dataclasses import dataclass

import streamlit as st

from secondlook.assessments import Assessment
from secondlook.cases import Attachment, Case
from secondlook.domain import Domain
from secondlook.errors import SecondlookError
from secondlook.store.embedding_values import ImageKey
from secondlook.store.unit_of_work import UnitOfWork
from secondlook_ui import images, routes, session, trouble, words
from secondlook_ui.session import Notice
from secondlook_workflows.similar import MOST, SimilarCase, similar_decided

KEPT = "similar"
HEIGHT = 114
"""Of the row of cards: always the same, so that what stands below never moves."""
THUMBNAIL = 52


@dataclass(frozen=True, kw_only=True)
class Similar:
    """A decided case that looks alike, and its first picture."""

    found: SimilarCase
    picture: Attachment | None


def read(case: Case, assessment: Assessment | None, unit: UnitOfWork) -> tuple[Similar, ...]:
    """Searched once while a case is open: it compares with every decided case of its product."""
    of = (case.id, assessment.id if assessment else None)
    kept: tuple[object, tuple[Similar, ...]] = st.session_state.get(KEPT, (None, ()))
    if kept[0] != of:
        kept = st.session_state[KEPT] = (of, search(case, assessment, unit))
    return kept[1]


def search(case: Case, assessment: Assessment | None, unit: UnitOfWork) -> tuple[Similar, ...]:
    """What is only beside the case must not hide it: what cannot be searched is left out."""
    try:
        found = similar_decided(case, assessment, unit)
    except SecondlookError as error:
        trouble.log(error)
        return ()
    keys = {x.case: ImageKey(x.case, x.picture) for x in found if x.picture}
    files = unit.embeddings.images.found(list(keys.values())) if keys else {}
    pictures = {key.case_id: file.attachment for key, file in files.items()}
    return tuple(Similar(found=x, picture=pictures.get(x.case)) for x in found)


def forget() -> None:
    """Search anew when a case is opened, the same one too: others may be decided by then."""
    st.session_state.pop(KEPT, None)


def show(similar: tuple[Similar, ...], domain: Domain | None, here: Case) -> None:
    """Draw the cards; nothing where no decided case is known to look alike."""
    if not similar:
        return
    with st.container(key="similar", height=HEIGHT, border=False, gap="xxsmall"):
        with st.container(key="quiet-similar"):
            st.text("Decided cases that look alike")
        columns = st.columns(MOST, gap="xsmall")
        for number, (column, item) in enumerate(zip(columns, similar, strict=False)):
            with column.container(horizontal=True, gap="xsmall", key=f"alike-card-{number}"):
                _card(item, number, domain, here)


def _card(item: Similar, number: int, domain: Domain | None, here: Case) -> None:
    found = item.found
    with st.container(width=THUMBNAIL, key=f"alike-picture-{number}"):
        _picture(item.picture)
    with st.container(width="stretch", gap=None, key=f"alike-words-{number}"):
        with st.container(key=f"strong-alike-{number}"):
            st.text(words.disposition(domain, found.decided))
        with st.container(key=f"quiet-alike-{number}", gap=None):
            if found.labels:
                st.text(", ".join(words.finding(domain, x) for x in found.labels))
            st.text(f"similarity {found.similarity:.2f}")
            st.text(found.title)
        if st.button("Open", key=f"alike:{found.case}", type="tertiary"):
            _open(found, here)


def _open(found: SimilarCase, here: Case) -> None:
    """As the worklist opens it, with the way back to what is being decided."""
    session.notify(Notice(f"Decided case that looks like {here.title}", case=here.id))
    routes.open_case(found.case)


def _picture(attachment: Attachment | None) -> None:
    if attachment is None:
        return
    try:
        st.image(images.thumbnail(attachment), width=THUMBNAIL, alt="picture of a decided case")
    except SecondlookError:
        st.text("no picture")
